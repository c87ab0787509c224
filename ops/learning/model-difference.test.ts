import { describe, expect, test } from 'vitest';
import type { StoredPrediction } from '../../adapters/store/predictions.ts';
import { agreementOf } from './model-difference.ts';
import { netReturnOver, overFolds } from './model-metrics.ts';

/** Failure here means: two models are shown to agree where they do not, or figures of folds are
 * added up wrongly. */

function said(eventId: string, [buyBp, sellBp, holdBp]: readonly [number, number, number]) {
  const answer = { model: 'm', buyBp, sellBp, holdBp };
  return { eventId, answer } as unknown as StoredPrediction;
}

describe('agreement', () => {
  test('only motions both were asked about count; a tie is the calmer call', () => {
    const one = [
      said('a', [6_000, 1_000, 3_000]),
      said('b', [4_000, 4_000, 2_000]),
      said('c', [3_000, 3_500, 3_500]),
      said('only one', [10_000, 0, 0]),
    ];
    const other = [
      said('c', [0, 0, 10_000]),
      said('a', [5_000, 2_000, 3_000]),
      said('b', [9_000, 1_000, 0]),
      said('only other', [0, 10_000, 0]),
    ];
    expect(agreementOf([one, other])).toEqual({
      motions: 3,
      sameCall: 2 / 3,
      meanDifferenceBp: (2_000 + 10_000 + 13_000) / 3 / 3,
      calls: {
        BUY: { BUY: 1, SELL: 0, HOLD: 0 },
        SELL: { BUY: 1, SELL: 0, HOLD: 0 },
        HOLD: { BUY: 0, SELL: 0, HOLD: 1 },
      },
    });
  });

  test('without a common motion there is nothing to say', () => {
    const agreement = agreementOf([[said('a', [1, 0, 0])], []]);
    expect(agreement).toMatchObject({ motions: 0, sameCall: null, meanDifferenceBp: null });
  });
});

describe('figures over folds', () => {
  const fold = {
    ...{ fold: 1, trainRows: 1, testRows: 100, testFrom: '', testTo: '', brier: 0.6 },
    ...{ baseBrier: 0.65, logLoss: 1, accuracy: 0.4, calls: 10, netReturn: -0.001 },
    ...{ magnitudeError: 0, riskError: 0 },
  };
  const folds = [
    fold,
    { ...fold, testRows: 300, brier: 0.5, calls: 30, netReturn: 0.003 },
    { ...fold, testRows: 0, brier: 9, calls: 0, netReturn: null },
  ];

  test('each counts by its rows, and what calls brought by its calls', () => {
    expect(overFolds(folds, ({ brier }) => brier)).toBeCloseTo(0.525, 12);
    expect(netReturnOver(folds)).toBeCloseTo(0.002, 12);
  });

  test('none is nothing, not zero', () => {
    expect(overFolds([], ({ brier }) => brier)).toBeNull();
    expect(netReturnOver([{ ...fold, calls: 0, netReturn: null }])).toBeNull();
  });
});
