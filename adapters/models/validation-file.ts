import { ACTIONS } from '../../core/assistants/speech.ts';
import type { ValidationRow } from '../../core/learning/contract.ts';
import { readTable } from './table.ts';

/** What `training/corro_training/validation.py` writes. */
export const VALIDATION_FORMAT = 'corro-validation-1';

export interface Validation {
  /** sha256 of the matrix whose rows were answered. */
  readonly matrixHash: string;
  /** In the order of close times. */
  readonly rows: readonly ValidationRow[];
}

/** A model's answers out of sample, as its trainer kept them. Throws a `RangeError` when the bytes
 * are not whole, or a column or a label is missing. */
export function readValidation(bytes: Uint8Array): Validation {
  const { header, numbers } = readTable(bytes, VALIDATION_FORMAT);
  const { columns, matrixHash } = header;
  if (typeof matrixHash !== 'string') throw new RangeError('must name its matrix, did not');
  const place = (name: string): number => {
    const at = columns.indexOf(name);
    if (at >= 0) return at;
    throw new RangeError(`must have the column ${name}, had ${columns.join(', ')}`);
  };
  const places = { label: place('label'), ...valuesOf(place) };
  const rows = Array.from({ length: header.rows }, (_, row) => {
    const at = row * columns.length;
    const label = ACTIONS[numbers[at + places.label] as number];
    if (label === undefined) throw new RangeError(`row ${row} must have a label, had none`);
    const value = (name: Numeric): number => numbers[at + places[name]] as number;
    return { label, ...valuesOf(value) };
  });
  return { matrixHash, rows: rows.sort((a, b) => a.closeTimeMs - b.closeTimeMs) };
}

const NUMERIC = [
  ...(['closeTimeMs', 'settledAtMs', 'fold', 'move', 'buy', 'sell', 'hold'] as const),
  ...(['magnitude', 'confidence', 'risk'] as const),
] as const satisfies readonly (keyof ValidationRow)[];
type Numeric = (typeof NUMERIC)[number];

function valuesOf(value: (name: Numeric) => number): Record<Numeric, number> {
  return Object.fromEntries(NUMERIC.map((name) => [name, value(name)])) as Record<Numeric, number>;
}
