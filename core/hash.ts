import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';

/** SHA-256 of a value's canonical JSON, lower-case hex. Every id in Corro is one of these, over its
 * recorded inputs. Workflows never import this file: they receive ids. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** The next link of a hash chain: H(previous, hash of the record). */
export function chainHash(previous: string, record: unknown): string {
  return hashOf([previous, hashOf(record)]);
}

/** SHA-256 of numbers as they stand in memory (IEEE doubles, little-endian), lower-case hex. */
export function hashOfNumbers(numbers: Float64Array): string {
  const { buffer, byteOffset, byteLength } = numbers;
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

export const CHAIN_GENESIS = '0'.repeat(64);
