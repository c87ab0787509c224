import { describe, expect, test } from 'vitest';
import { MATRIX_FORMAT, type TrainingMatrix } from '../../core/models/matrix.ts';
import { matrixBytes, readMatrix } from './matrix-file.ts';
import { readValidation, VALIDATION_FORMAT } from './validation-file.ts';

/** If these fail, a model is judged by numbers that its trainer never wrote. */

const COLUMNS = [
  ...['closeTimeMs', 'settledAtMs', 'fold', 'label', 'move'],
  ...['buy', 'sell', 'hold', 'magnitude', 'confidence', 'risk'],
];

function tableOf(header: object, numbers: readonly number[]): Uint8Array {
  const line = new TextEncoder().encode(`${JSON.stringify(header)}\n`);
  const bytes = new Uint8Array(line.length + numbers.length * 8);
  bytes.set(line);
  bytes.set(new Uint8Array(Float64Array.from(numbers).buffer), line.length);
  return bytes;
}

const HEADER = { format: VALIDATION_FORMAT, rows: 2, columns: COLUMNS, matrixHash: 'm' };
const LATER = [20, 30, 2, 2, 0.01, 0.2, 0.3, 0.5, 0.02, 0.6, 0.03];
const EARLIER = [10, 15, 1, 0, -0.01, 0.5, 0.3, 0.2, 0.02, 0.6, 0.03];

describe('validation', () => {
  test('comes back as it was written, in the order of closes', () => {
    const { matrixHash, rows } = readValidation(tableOf(HEADER, [...LATER, ...EARLIER]));
    expect(matrixHash).toBe('m');
    expect(rows).toMatchObject([
      { closeTimeMs: 10, settledAtMs: 15, fold: 1, label: 'BUY', move: -0.01, buy: 0.5 },
      { closeTimeMs: 20, label: 'HOLD', hold: 0.5, risk: 0.03 },
    ]);
  });

  test.each([
    ['cut short', tableOf(HEADER, [...LATER, ...EARLIER]).slice(0, -1), 'bytes of numbers'],
    ['without numbers', tableOf(HEADER, []), 'bytes of numbers'],
    ['of another format', tableOf({ ...HEADER, format: 'other' }, []), VALIDATION_FORMAT],
    ['that is no JSON', new TextEncoder().encode('pickle\n'), VALIDATION_FORMAT],
    ['empty', new Uint8Array(), VALIDATION_FORMAT],
    ['with NaN', tableOf({ ...HEADER, rows: 1 }, LATER.with(9, Number.NaN)), 'a finite confidence'],
    ['settled at its close', tableOf({ ...HEADER, rows: 1 }, LATER.with(1, 20)), 'settles after'],
    ['without a fold', tableOf({ ...HEADER, rows: 1 }, LATER.with(2, 0)), 'a fold from 1'],
    ['of a share above one', tableOf({ ...HEADER, rows: 1 }, LATER.with(5, 1.2)), 'buy within 0'],
    [
      'of shares that do not add up',
      tableOf({ ...HEADER, rows: 1 }, LATER.with(5, 0.3)),
      'sum to 1',
    ],
    ['of a negative risk', tableOf({ ...HEADER, rows: 1 }, LATER.with(10, -1)), 'risk of 0'],
    ['with an unknown label', tableOf({ ...HEADER, rows: 1 }, LATER.with(3, 7)), 'a label'],
    [
      'without a column',
      tableOf({ ...HEADER, rows: 1, columns: COLUMNS.slice(1) }, LATER.slice(1)),
      'closeTimeMs',
    ],
  ])('%s - is refused', (_name, bytes, says) => {
    expect(() => readValidation(bytes)).toThrow(says);
  });
});

test('matrix - is read as it was written, NaN included', () => {
  const header = { format: MATRIX_FORMAT, rows: 2, columns: ['a', 'b'] };
  const numbers = Float64Array.from([1.5, Number.NaN, -0, 1e300]);
  const matrix = { header, numbers } as unknown as TrainingMatrix;
  expect(readMatrix(matrixBytes(matrix))).toEqual(matrix);
});
