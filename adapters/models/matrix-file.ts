import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { MATRIX_FORMAT, type MatrixHeader, type TrainingMatrix } from '../../core/models/matrix.ts';
import { readTable } from './table.ts';

/** A matrix as the bytes a trainer reads: its header as one line of JSON, then the numbers, 64-bit
 * little-endian floats row by row. The same matrix is the same bytes. */
export function matrixBytes({ header, numbers }: TrainingMatrix): Uint8Array {
  const line = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const { buffer, byteOffset, byteLength } = numbers;
  const bytes = new Uint8Array(line.length + byteLength);
  bytes.set(line);
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength), line.length);
  return bytes;
}

/** Writes it; returns its sha256, by which a model names what it was fitted on. */
export async function writeMatrix(path: string, matrix: TrainingMatrix): Promise<string> {
  const bytes = matrixBytes(matrix);
  await writeFile(path, bytes);
  return createHash('sha256').update(bytes).digest('hex');
}

/** The matrix of such bytes. Throws a `RangeError` when they are none, or not whole. */
export function readMatrix(bytes: Uint8Array): TrainingMatrix {
  const { header, numbers } = readTable(bytes, MATRIX_FORMAT);
  return { header: header as unknown as MatrixHeader, numbers };
}
