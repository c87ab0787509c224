import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Action, Stance } from '../assistants/speech.ts';
import { brierOf, CalibrationSheet, LEAST_SHARE, logScoreOf, ScoreSheet } from './score.ts';

// Failure here looks like: an assistant whose vote grows although it knows nothing.

function stance(buyBp: number, sellBp: number): Stance {
  return { buyBp, sellBp, holdBp: 10_000 - buyBp - sellBp };
}

const EVEN = { buyBp: 3_334, sellBp: 3_333, holdBp: 3_333 };

describe('scores', () => {
  test('Brier - the original definition: 0 for certain and right, 2 for certain and wrong', () => {
    expect(brierOf(stance(10_000, 0), 'BUY')).toBe(0);
    expect(brierOf(stance(10_000, 0), 'SELL')).toBe(2);
    expect(brierOf(stance(5_000, 3_000), 'BUY')).toBeCloseTo(0.25 + 0.09 + 0.04, 12);
    expect(brierOf(EVEN, 'HOLD')).toBeCloseTo(2 / 3, 3);
  });

  test('log score - −ln of the share, and never worse than one basis point', () => {
    expect(logScoreOf(stance(5_000, 3_000), 'SELL')).toBeCloseTo(-Math.log(0.3), 12);
    expect(logScoreOf(stance(10_000, 0), 'SELL')).toBeCloseTo(-Math.log(LEAST_SHARE), 12);
    expect(logScoreOf(EVEN, 'HOLD')).toBeCloseTo(Math.log(3), 3);
  });

  test('any chances - honesty pays: no other stance scores better on average', () => {
    const share = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(share, share, share, share, (a, b, c, d) => {
        const truth = stance(100 * Math.min(a, b), 100 * Math.max(0, 100 - Math.max(a, b)));
        const said = stance(100 * Math.min(c, d), 100 * Math.max(0, 100 - Math.max(c, d)));
        for (const score of [brierOf, logScoreOf]) {
          const expected = (of: Stance): number =>
            (truth.buyBp * score(of, 'BUY') +
              truth.sellBp * score(of, 'SELL') +
              truth.holdBp * score(of, 'HOLD')) /
            10_000;
          // Clipping a share of nothing to one basis point gives away so much at most.
          expect(expected(truth)).toBeLessThanOrEqual(expected(said) + 1e-3);
        }
      }),
    );
  });

  test('a sheet - counts calls, hits, and what is not settled', () => {
    const sheet = new ScoreSheet();
    const rows: readonly [Stance, Action | null][] = [
      [stance(6_000, 2_000), 'BUY'],
      [stance(6_000, 2_000), 'SELL'],
      [stance(1_000, 2_000), 'HOLD'],
      [stance(4_000, 4_000), 'BUY'],
      [stance(2_000, 7_000), null],
    ];
    for (const [said, label] of rows) sheet.add(said, label);
    const score = sheet.score();
    expect(score).toMatchObject({ settled: 4, unsettled: 1, calls: 2, hits: 1, hitRate: 0.5 });
    expect(score.accuracy).toBe(0.5);
    expect(score.brier).toBeCloseTo((0.24 + 1.04 + 0.14 + 0.56) / 4, 9);
    expect(sheet.labels).toEqual({ BUY: 2, SELL: 1, HOLD: 1 });
  });

  test('skill - nothing for saying what mostly comes, all for knowing what comes', () => {
    const [usual, sure] = [new ScoreSheet(), new ScoreSheet()];
    for (const label of ['BUY', 'SELL', 'HOLD', 'HOLD'] as const) {
      usual.add(stance(2_500, 2_500), label);
      sure.add(stance(label === 'BUY' ? 10_000 : 0, label === 'SELL' ? 10_000 : 0), label);
    }
    expect(usual.score().skill).toBeCloseTo(0, 12);
    expect(sure.score().skill).toBe(1);
  });

  test('nothing settled, or one label only - null where nothing can be said', () => {
    const sheet = new ScoreSheet();
    expect(sheet.score()).toMatchObject({ settled: 0, brier: null, hitRate: null, skill: null });
    sheet.add(stance(1_000, 1_000), 'HOLD');
    expect(sheet.score()).toMatchObject({ settled: 1, hitRate: null, skill: null });
  });
});

describe('calibration', () => {
  test('what was said against what came - bin by bin, and the expected error', () => {
    const sheet = new CalibrationSheet();
    for (let call = 0; call < 10; call += 1) {
      sheet.add(stance(7_000, 1_000), call < 7 ? 'BUY' : 'SELL');
      sheet.add(stance(500, 9_000), call < 5 ? 'SELL' : 'HOLD');
    }
    const { bins, expectedError } = sheet.calibration();
    expect(bins).toHaveLength(10);
    expect(bins[7]).toEqual({ from: 0.7, to: 0.8, count: 10, said: 0.7, came: 0.7 });
    expect(bins[9]).toMatchObject({ count: 10, came: 0.5 });
    expect(bins[9]?.said).toBeCloseTo(0.9, 12);
    expect(bins[0]).toEqual({ from: 0, to: 0.1, count: 0, said: null, came: null });
    expect(expectedError).toBeCloseTo(0.2, 12);
  });

  test('certainty, and two equal tops - the last bin, and no claim', () => {
    const sheet = new CalibrationSheet();
    sheet.add(stance(10_000, 0), 'BUY');
    sheet.add(stance(5_000, 5_000), 'BUY');
    expect(sheet.calibration().bins[9]?.count).toBe(1);
    expect(sheet.calibration().bins[5]?.count).toBe(0);
    expect(new CalibrationSheet().calibration().expectedError).toBeNull();
  });
});
