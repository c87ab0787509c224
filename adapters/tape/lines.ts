import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TapeError, type TapeErrorCode } from './fault.ts';

/** Longest line, characters. A kline row has about 100. */
const MAX_LINE = 65_536;
const CHUNK_BYTES = 262_144;

/** The lines of a text file, a batch at a time, gzip or not (told by its first bytes, not its
 * name). Memory holds one chunk. Throws `TapeError`. */
export async function* linesOf(path: string): AsyncGenerator<readonly string[]> {
  const handle = await opened(path);
  try {
    const isGzip = await startsAsGzip(handle, path);
    const bytes = byteStream(handle, isGzip);
    yield* splitLines(bytes, path);
  } catch (error) {
    throw asTapeError(error, path);
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/** Throws a `TapeError` unless there is a file that can be opened. */
export async function expectFile(path: string): Promise<void> {
  await (await opened(path)).close();
}

async function opened(path: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'r');
    if (!(await handle.stat()).isDirectory()) return handle;
    await handle.close();
  } catch (error) {
    throw asTapeError(error, path);
  }
  throw new TapeError('directory', path);
}

async function startsAsGzip(handle: FileHandle, path: string): Promise<boolean> {
  const head = Buffer.alloc(4);
  await handle.read(head, 0, 4, 0);
  if (head.toString('latin1').startsWith('PK')) throw new TapeError('archive', path);
  return head[0] === 0x1f && head[1] === 0x8b;
}

function byteStream(handle: FileHandle, isGzip: boolean): Readable {
  const source = handle.createReadStream({
    start: 0,
    autoClose: false,
    highWaterMark: CHUNK_BYTES,
  });
  if (!isGzip) return source;
  const plain = source.pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
  source.on('error', (error) => plain.destroy(error));
  plain.on('close', () => source.destroy());
  return plain;
}

async function* splitLines(bytes: Readable, path: string): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE || lines.some((line) => line.length > MAX_LINE)) {
      throw new TapeError('long_line', path, { detail: `more than ${MAX_LINE} characters` });
    }
    yield lines.map(withoutReturn);
  }
  rest += decoder.decode();
  if (rest !== '') yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** System, zlib and decoder errors by what they mean for the person who named the file. */
const CODES: Readonly<Record<string, TapeErrorCode>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  EISDIR: 'directory',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  Z_BUF_ERROR: 'truncated_gzip',
  Z_DATA_ERROR: 'corrupt_gzip',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'not_text',
};

function asTapeError(error: unknown, path: string): TapeError {
  if (error instanceof TapeError) return error;
  const systemCode = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = CODES[systemCode];
  if (code !== undefined) return new TapeError(code, path, { cause: error });
  const detail = error instanceof Error ? error.message : String(error);
  return new TapeError('unreadable', path, { detail, cause: error });
}
