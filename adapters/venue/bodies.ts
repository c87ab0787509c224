import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { VenueError } from './port.ts';

/** A whole exchange's list of symbols. */
const MOST_LIST_BYTES = 32_000_000;

/** How long the body of one answer may be. */
export function bodyLimit(url: string, mostBytes = MOST_LIST_BYTES): number {
  return url.includes('/exchangeInfo') ? MOST_LIST_BYTES : mostBytes;
}

export interface RawBody {
  readonly body: Readable;
  readonly encoding: string | undefined;
}

/** Reads a body, and unpacks it, up to a number of bytes and within a time: what is longer is never
 * in memory. Throws `VenueError`. */
export async function readBody(
  { body, encoding }: RawBody,
  limits: { readonly bytes: number; readonly timeoutMs: number },
): Promise<Buffer> {
  const late = new VenueError('timeout', `the body did not end within ${limits.timeoutMs} ms`);
  const timer = setTimeout(() => body.destroy(late), limits.timeoutMs);
  const source = unpacked(body, encoding);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limits.bytes) {
        throw new VenueError('venue', `the reply is longer than ${limits.bytes} bytes`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof VenueError) throw error;
    throw new VenueError('unreachable', `the reply broke off: ${String(error)}`);
  } finally {
    clearTimeout(timer);
    source.destroy();
    body.destroy();
  }
}

function unpacked(body: Readable, encoding: string | undefined): Readable {
  const unpack = UNPACKERS[encoding ?? '']?.();
  if (!unpack) return body;
  body.on('error', (error) => unpack.destroy(error));
  return body.pipe(unpack);
}

const UNPACKERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  deflate: () => createInflate(),
};
