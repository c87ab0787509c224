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
 * are not whole, a column or a label is missing, or a row says what no model may. */
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
    const read = { label, ...valuesOf(value) };
    const fault = faultOf(read);
    if (fault !== null) throw new RangeError(`row ${row} must have ${fault}`);
    return read;
  });
  return { matrixHash, rows: rows.sort((a, b) => a.closeTimeMs - b.closeTimeMs) };
}

/** How far shares may be from a sum of 1: they are sums of doubles. */
const SUM_TOLERANCE = 1e-9;

/** What a row of a model's answers must have and has not; `null`: nothing. */
function faultOf(row: ValidationRow): string | null {
  const { closeTimeMs, settledAtMs, fold, buy, sell, hold } = row;
  const odd = NUMERIC.find((name) => !Number.isFinite(row[name]));
  if (odd !== undefined) return `a finite ${odd}, was ${row[odd]}`;
  const times = [closeTimeMs, settledAtMs].every(Number.isSafeInteger);
  if (!times || settledAtMs <= closeTimeMs) return 'a label that settles after its close';
  if (!Number.isInteger(fold) || fold < 1) return `a fold from 1 on, was ${fold}`;
  for (const name of ['buy', 'sell', 'hold', 'confidence'] as const) {
    if (row[name] < 0 || row[name] > 1) return `${name} within 0 … 1, was ${row[name]}`;
  }
  if (Math.abs(buy + sell + hold - 1) > SUM_TOLERANCE) {
    return `shares that sum to 1, was ${buy + sell + hold}`;
  }
  for (const name of ['magnitude', 'risk'] as const) {
    if (row[name] < 0) return `${name} of 0 or more, was ${row[name]}`;
  }
  return null;
}

const NUMERIC = [
  ...(['closeTimeMs', 'settledAtMs', 'fold', 'move', 'buy', 'sell', 'hold'] as const),
  ...(['magnitude', 'confidence', 'risk'] as const),
] as const satisfies readonly (keyof ValidationRow)[];
type Numeric = (typeof NUMERIC)[number];

function valuesOf(value: (name: Numeric) => number): Record<Numeric, number> {
  return Object.fromEntries(NUMERIC.map((name) => [name, value(name)])) as Record<Numeric, number>;
}
