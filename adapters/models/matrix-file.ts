import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { MATRIX_FORMAT, type MatrixHeader, type TrainingMatrix } from '../../core/models/matrix.ts';

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
  const end = bytes.indexOf(NEW_LINE);
  const header = headerOf(bytes.subarray(0, Math.max(0, end)));
  const expected = header.rows * header.columns.length * Float64Array.BYTES_PER_ELEMENT;
  const held = bytes.length - end - 1;
  if (held !== expected) {
    throw new RangeError(`a matrix must hold ${expected} bytes of numbers, held ${held}`);
  }
  // A copy: numbers must begin at a multiple of eight, and bytes begin anywhere.
  return { header, numbers: new Float64Array(bytes.slice(end + 1).buffer) };
}

const NEW_LINE = 10;

function headerOf(line: Uint8Array): MatrixHeader {
  try {
    const header = JSON.parse(new TextDecoder().decode(line)) as MatrixHeader;
    if (header.format === MATRIX_FORMAT) return header;
  } catch {
    // Said below.
  }
  throw new RangeError(`a matrix must begin with a line that says ${MATRIX_FORMAT}`);
}
