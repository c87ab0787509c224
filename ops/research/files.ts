import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { CorroError } from '../../proto/errors.ts';

/** Writes a file whole or not at all: under a temporary name beside it, then renamed. A full disk
 * or a missing folder is a `CorroError` that names the file and leaves nothing behind; what stood
 * under the name before still stands then. What is no regular file (a pipe, `/dev/stdout`) is
 * written to as it is. */
export function writeWhole(path: string, chunks: Iterable<string>): void {
  if (existsSync(path) && !statSync(path).isFile()) {
    return asked(path, () => writeChunks(path, 'w', chunks));
  }
  const beside = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    asked(path, () => {
      writeChunks(beside, 'wx', chunks);
      renameSync(beside, path);
    });
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

function writeChunks(path: string, flag: 'w' | 'wx', chunks: Iterable<string>): void {
  const file = openSync(path, flag);
  try {
    for (const chunk of chunks) writeAll(file, Buffer.from(chunk));
    if (flag === 'wx') fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** One call may take less than it was given. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

/** Runs what touches the disk, and says in words what the disk answered. */
export function asked<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new CorroError('disk_full', `${path} was not written`, { cause: error });
    }
    const why = REFUSALS[code];
    if (why === undefined) throw error;
    throw new CorroError('failed', `${path} cannot be written: ${why}`, { cause: error });
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  EFBIG: 'it is larger than the disk allows',
};
