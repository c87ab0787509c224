import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { CorroError } from '../../proto/errors.ts';

/** Sees that a file can be written at a path, before what it is to hold is worked for: an hour's
 * run should not end with a folder that was never there. Throws as `writeWhole` does. */
export function expectWritable(path: string): void {
  asked(path, () => {
    const exists = existsSync(path);
    if (exists && statSync(path).isDirectory()) throw refusal('EISDIR');
    const folder = dirname(path);
    if (!statSync(folder).isDirectory()) throw refusal('ENOTDIR');
    accessSync(exists && !statSync(path).isFile() ? path : folder, constants.W_OK);
  });
}

function refusal(code: string): Error {
  return Object.assign(new Error(code), { code });
}

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
