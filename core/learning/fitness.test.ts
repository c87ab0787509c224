import { describe, expect, test } from 'vitest';
import { marketOf } from '../backtest/market.fixture.ts';
import { outcomeTerms } from '../judgement/outcome.ts';
import { CandleSeries } from '../market/candle-series.ts';
import { type TrainingMatrix, trainingMatrix } from '../models/matrix.ts';
import { matrixFaults } from './fitness.ts';

// Failure here looks like: an hour of training on nothing, or a trainer that dies without a reason.

const LABEL = outcomeTerms({ takerFeeBps: 2, halfSpreadBps: 0.5 });
const SOUND = trainingMatrix([marketOf('fit', { candles: 900 })], LABEL);
const NEWS = 'news_sentiment, social_sentiment, market_cap_change, news_x_price';

/** A copy with one column written anew. */
function rewritten(name: string, value: (was: number, row: number) => number): TrainingMatrix {
  const { header } = SOUND;
  const [width, column] = [header.columns.length, header.columns.indexOf(name)];
  const numbers = SOUND.numbers.slice();
  for (let row = 0; row < header.rows; row += 1) {
    numbers[row * width + column] = value(numbers[row * width + column] as number, row);
  }
  return { header, numbers };
}

function first(rows: number): TrainingMatrix {
  const { header, numbers } = SOUND;
  return {
    header: { ...header, rows },
    numbers: numbers.slice(0, rows * header.columns.length),
  };
}

function codes(matrix: TrainingMatrix, toMs: number | null = null): readonly string[] {
  return matrixFaults(matrix, { toMs }).faults.map(({ code }) => code);
}

describe('a matrix before any trainer', () => {
  test('a sound one - no fault, labels counted, and what it does not know said', () => {
    const { rows, labels, faults, notes } = matrixFaults(SOUND);
    expect(faults).toEqual([]);
    expect(labels.BUY + labels.SELL + labels.HOLD).toBe(rows);
    expect(notes).toEqual([`no row has a value of ${NEWS}: nothing is learned from them`]);
  });

  test('too few rows, none at all - said with the figure', () => {
    expect(matrixFaults(first(499)).faults).toEqual([
      { code: 'too_few_rows', feature: null, words: 'must be at least 500 rows, were 499' },
    ]);
    expect(codes(first(500))).toEqual([]);
    expect(codes(first(0))).toEqual(['too_few_rows']);
  });

  test('one label only', () => {
    const { faults } = matrixFaults(rewritten('action', () => 2));
    expect(faults).toEqual([
      {
        code: 'one_class',
        feature: null,
        words: 'every label is HOLD: there is nothing to tell apart',
      },
    ]);
  });

  test('a feature that never varies - named; one of the calendar - said', () => {
    const [fault] = matrixFaults(rewritten('ema_cross', () => 0.25)).faults;
    expect(fault).toMatchObject({ code: 'constant_feature', feature: 'ema_cross' });
    expect(fault?.words).toBe('ema_cross must vary, was 0.25 in every row');
    const daily = matrixFaults(rewritten('hour_of_day', () => 0));
    expect(daily.faults).toEqual([]);
    expect(daily.notes).toContain('hour_of_day is the same at every close of 5m');
  });

  test('holes in a feature, infinity, a label that is no number', () => {
    const holed = rewritten('rsi_14', (was, row) => (row % 5 === 0 ? Number.NaN : was));
    expect(matrixFaults(holed).faults[0]?.words).toBe(
      'rsi_14 must be known, was missing in 20 % of the rows',
    );
    const few = rewritten('rsi_14', (was, row) => (row % 50 === 0 ? Number.NaN : was));
    expect(codes(few)).toEqual([]);
    const endless = (was: number, row: number): number =>
      row === 7 ? Number.POSITIVE_INFINITY : was;
    expect(codes(rewritten('bb_x_volume', endless))).toEqual(['not_a_number']);
    const broken = rewritten('magnitude', (was, row) => (row === 7 ? Number.NaN : was));
    expect(matrixFaults(broken).faults[0]?.words).toBe(
      'magnitude must be a number in every row, was not in row 7',
    );
  });

  test('labels that settle beyond the window, or before their question', () => {
    const { header, numbers } = SOUND;
    const settled = header.columns.indexOf('settledAtMs');
    const last = numbers[(header.rows - 1) * header.columns.length + settled] as number;
    expect(codes(SOUND, last + 1)).toEqual([]);
    expect(codes(SOUND, last)).toEqual(['settles_late']);
    const early = rewritten('settledAtMs', (was, row) => (row === 3 ? was - 86_400_000 : was));
    expect(codes(early)).toEqual(['settles_late']);
  });

  test('rows that a print has touched - how many, and why', () => {
    const market = marketOf('fit', { candles: 2_500 });
    const candles = market.candles.numbers.slice();
    candles[800 * 6 + 3]! /= 3;
    const printed = { ...market, candles: new CandleSeries(5 * 60_000, candles) };
    const { faults, notes } = matrixFaults(trainingMatrix([printed], LABEL));
    expect(faults).toEqual([]);
    expect(notes.at(-1)).toMatch(/^6\d\d rows were left out: 1 candles have a print/);
  });

  test('numbers that are not rows × columns - refused', () => {
    const { header, numbers } = SOUND;
    expect(() => matrixFaults({ header, numbers: numbers.subarray(1) })).toThrow('must hold');
  });
});
