import { describe, expect, test } from 'vitest';
import type { PromotionCheck, ValidationRow } from './contract.ts';
import type { DriftFigures } from './drift.ts';
import {
  type CandidateFacts,
  judgeCandidate,
  PROMOTION_TERMS,
  type PromotionJudgement,
} from './promotion.ts';
import { answersOf, type CameOf, candlesOver, marketOf, sharesOf } from './validation.fixture.ts';
import type { Answer } from './validation.ts';

// Failure here looks like: a model without skill that votes, because the luckiest was taken.

/** Few resamples: verdicts here do not hang on the last digit of an interval. */
const TERMS = { ...PROMOTION_TERMS, bootstrap: { resamples: 100, seed: 'test', level: 0.95 } };
const LABEL = { targetAtrs: 2, stopAtrs: 2, horizonCandles: 12, roundTripCost: 0.0005 };
const STEADY: DriftFigures = {
  rows: 500,
  level: 'none',
  features: [{ name: 'rsi_14', psi: 0.05, usual: 0.04, limit: 0.2, level: 'none' }],
  words: 'no feature of 500 rows has drifted',
};
const GATE = { passed: true, words: '3 of 200 decisions would change', figures: { changed: 3 } };

function factsOf(
  candidate: readonly ValidationRow[],
  came: readonly CameOf[],
  more: Partial<CandidateFacts> = {},
): CandidateFacts {
  const base = sharesOf(came);
  return {
    candidate,
    base: came.map(() => base),
    champion: null,
    label: LABEL,
    candles: candlesOver(came, 0),
    trials: 1,
    drift: STEADY,
    shadow: { answers: 20, equal: 20 },
    gate: GATE,
    ...more,
  };
}

function checkOf({ checks }: PromotionJudgement, name: PromotionCheck['name']): PromotionCheck {
  return checks.find((one) => one.name === name) as PromotionCheck;
}

const SELL = 'SELL' as const;
const CAME = marketOf('one', { rows: 3_000 });
const SKILLED = answersOf('one', CAME, { skill: 0.2 });

describe('a candidate', () => {
  test('planted skill - promoted, with every figure said', () => {
    const judged = judgeCandidate(factsOf(SKILLED, CAME, { trials: 50 }), TERMS);
    expect(judged.verdict).toBe('promoted');
    expect(judged.checks.map(({ name, passed }) => [name, passed])).toEqual([
      ['better', true],
      ['pays', true],
      ['calibrated', true],
      ['features', true],
      ['shadow', true],
      ['gate', true],
    ]);
    expect(judged.words).toMatch(
      /^promoted: better than the label shares: Brier score 0\.\d{4}, \+/,
    );
    expect(judged.words).toContain('is needed after 50 trials');
    expect(JSON.parse(JSON.stringify(judged))).toEqual(judged);
  });

  test('planted skill - beats a market that stands still, and the words are the figures', () => {
    const { held, checks } = judgeCandidate(factsOf(SKILLED, CAME), TERMS);
    expect(held.holding).toBeCloseTo(-LABEL.roundTripCost, 12);
    expect(held.beatsHolding).toBe(true);
    const words = checks.find(({ name }) => name === 'pays')?.words ?? '';
    expect(words).toContain('holding -0.0 %: purchases alone beat holding');
  });

  test('a falling market - what selling short alone would have made is said to be that', () => {
    const falling = CAME.map((one) => ({ ...one, move: -Math.abs(one.move), label: SELL }));
    const rows = answersOf('short', falling).map((row) => ({ ...row, buy: 0, sell: 1, hold: 0 }));
    const judged = judgeCandidate(factsOf(rows, falling), TERMS);
    expect(judged.held).toMatchObject({ buying: 0, beatsHolding: true });
    const flat = { candles: candlesOver(falling, 0.0001) };
    const beside = judgeCandidate(factsOf(rows, falling, flat), TERMS);
    expect(beside.held.acting).toBeGreaterThan(beside.held.holding as number);
    expect(beside.held.beatsHolding).toBe(false);
    expect(checkOf(beside, 'pays').words).toContain('by selling short alone');
  });

  test('holding - what the market itself did, wherever labels ended; costs paid once', () => {
    const came = [0, 12, 24].map((at): CameOf => {
      const closeTimeMs = at * 300_000;
      return { closeTimeMs, settledAtMs: closeTimeMs + 3_600_000, label: 'BUY', move: 0.1 };
    });
    const rows = answersOf('held', came).map((row) => ({ ...row, buy: 0.6, sell: 0.2, hold: 0.2 }));
    const candles = candlesOver(came, 0.01);
    const { held } = judgeCandidate(factsOf(rows, came, { candles }), TERMS);
    expect(held.trades).toBe(3);
    expect(held.acting).toBeCloseTo(1.0995 ** 3 - 1, 12);
    expect(held.holding).toBeCloseTo(1.01 ** 36 * 0.9995 - 1, 12);
    expect(held.beatsHolding).toBe(false);
    for (const cut of [null, candles.between(300_000, Infinity), candles.between(0, 1_000_000)]) {
      const unknown = judgeCandidate(factsOf(rows, came, { candles: cut }), TERMS);
      expect(unknown.held).toMatchObject({ holding: null, beatsHolding: null });
      expect(JSON.parse(JSON.stringify(unknown))).toEqual(unknown);
    }
    const rising = checkOf(judgeCandidate(factsOf(rows, came), TERMS), 'pays').words;
    expect(rising).toContain('too few');
  });

  test('a rising market - calls that pay and still do less than holding: said plainly', () => {
    const rising = CAME.map((one) => ({ ...one, move: Math.abs(one.move) }));
    const candidate = answersOf('one', rising, { skill: 0.2 });
    const candles = candlesOver(rising, 0.005);
    const judged = judgeCandidate(factsOf(candidate, rising, { candles }), TERMS);
    expect(judged.held.beatsHolding).toBe(false);
    expect(checkOf(judged, 'pays').words).toContain('it does not beat holding');
  });

  test('three hundred without skill - hardly one is promoted, whatever it is held against', () => {
    const promoted = { alone: 0, beside: 0 };
    const better = { alone: 0, beside: 0 };
    let otherwiseFine = 0;
    for (let turn = 0; turn < 300; turn += 1) {
      const came = marketOf(`blind ${turn}`, { rows: 800 });
      const candidate = answersOf(`blind ${turn}`, came, { noise: 0.03 });
      const champion = answersOf(`champion ${turn}`, came, { noise: 0.03 });
      const alone = factsOf(candidate, came);
      // A champion as blind, and label shares that know no better than it: the hardest case.
      const beside = {
        ...alone,
        base: champion as readonly Answer[],
        champion: { answers: champion, trainedToMs: 0 },
      };
      for (const [name, facts] of Object.entries({ alone, beside })) {
        const judged = judgeCandidate(facts, TERMS);
        const place = name as keyof typeof promoted;
        if (judged.verdict === 'promoted') promoted[place] += 1;
        if (checkOf(judged, 'better').passed) better[place] += 1;
        const others = judged.checks.filter((check) => check.name !== 'better');
        if (others.every(({ passed }) => passed)) otherwiseFine += 1;
      }
    }
    // Declared: 2.5 %, which is 7.5 of 300; twice that is what a block bootstrap may be off by.
    expect(better.alone).toBeLessThanOrEqual(8);
    expect(better.beside).toBeLessThanOrEqual(15);
    expect(promoted.alone).toBeLessThanOrEqual(8);
    expect(promoted.beside).toBeLessThanOrEqual(15);
    // It is this condition that stops them, not another.
    expect(otherwiseFine).toBeGreaterThan(200);
  }, 240_000);

  test('many trials - what is enough for the first is not enough for the hundredth', () => {
    const barely = answersOf('one', CAME, { skill: 0.045 });
    const needed = (trials: number): number => {
      const judged = judgeCandidate(factsOf(barely, CAME, { trials }), TERMS);
      return checkOf(judged, 'better').figures['needed'] as number;
    };
    expect(needed(100)).toBeGreaterThan(1.6 * needed(1));
    expect(needed(10_000)).toBeGreaterThan(needed(100));
  });
});

describe('each condition', () => {
  function verdictOf(more: Partial<CandidateFacts>): PromotionJudgement {
    return judgeCandidate(factsOf(SKILLED, CAME, more), TERMS);
  }

  test('live answers - too few wait in the shadow, one that differs rejects', () => {
    const waits = verdictOf({ shadow: { answers: 19, equal: 19 } });
    expect(waits.verdict).toBe('shadow');
    expect(waits.words).toBe(
      'in the shadow: 19 of 20 live answers so far, all equal to the offline ones',
    );
    expect(verdictOf({ shadow: { answers: 20, equal: 19 } }).verdict).toBe('rejected');
    expect(verdictOf({ shadow: { answers: 5, equal: 4 } }).verdict).toBe('rejected');
    expect(verdictOf({ shadow: { answers: 0, equal: 0 } }).verdict).toBe('shadow');
  });

  test('the gate - not run yet waits, run and failed rejects', () => {
    expect(verdictOf({ gate: null }).verdict).toBe('shadow');
    expect(verdictOf({ gate: { ...GATE, passed: false } }).verdict).toBe('rejected');
  });

  test('features - drifted or never measured: rejected', () => {
    const [feature] = STEADY.features as [DriftFigures['features'][number]];
    const drifted = {
      ...STEADY,
      level: 'discounted' as const,
      features: [{ ...feature, psi: 0.6, level: 'discounted' as const }],
    };
    expect(verdictOf({ drift: drifted }).verdict).toBe('rejected');
    expect(verdictOf({ drift: null }).verdict).toBe('rejected');
    expect(verdictOf({ drift: { ...STEADY, features: [] } }).verdict).toBe('rejected');
  });

  test('overconfident answers - the same skill, not calibrated', () => {
    const loud = SKILLED.map((row) => {
      const most = Math.max(row.buy, row.sell, row.hold);
      const scaled = [row.buy, row.sell, row.hold].map((one) => (one === most ? 0.9 : 0.05));
      const [buy = 0, sell = 0, hold = 0] = scaled;
      return { ...row, buy, sell, hold };
    });
    const judged = judgeCandidate(factsOf(loud, CAME), TERMS);
    expect(checkOf(judged, 'calibrated').passed).toBe(false);
    expect(judged.verdict).toBe('rejected');
  });

  test('calls that lose against a champion - rejected, however good the Brier score', () => {
    const wrongWay = SKILLED.map((row) => ({ ...row, move: -row.move }));
    const quiet = CAME.map((): Answer => ({ buy: 0.3, sell: 0.3, hold: 0.4 }));
    const champion = { answers: quiet, trainedToMs: 0 };
    const judged = judgeCandidate(factsOf(wrongWay, CAME, { champion }), TERMS);
    expect(checkOf(judged, 'better').passed).toBe(true);
    expect(checkOf(judged, 'pays').passed).toBe(false);
    expect(checkOf(judged, 'pays').words).toContain('loses against the champion');
    expect(judged.verdict).toBe('rejected');
  });
});

describe('beside a champion', () => {
  const better = answersOf('one', CAME, { skill: 0.3 });

  test('rows it has seen are no test of it - only later ones count when there are enough', () => {
    const trainedToMs = CAME[1_999]?.closeTimeMs as number;
    // It knows what it was trained on by heart, and nothing after.
    const heart = answersOf('heart', CAME, { skill: 0.99 }).map((row, at) => {
      return at <= 1_999 ? row : { ...row, ...sharesOf(CAME) };
    });
    const champion = { answers: heart, trainedToMs };
    const judged = judgeCandidate(factsOf(better, CAME, { champion }), TERMS);
    expect(checkOf(judged, 'better').figures['rows']).toBe(1_000);
    expect(judged.verdict).toBe('promoted');
  });

  test('too few later rows - all are compared, and it is said whom that favours', () => {
    const trainedToMs = CAME[2_800]?.closeTimeMs as number;
    const champion = { answers: answersOf('old', CAME, { skill: 0.1 }), trainedToMs };
    const judged = judgeCandidate(factsOf(better, CAME, { champion }), TERMS);
    expect(checkOf(judged, 'better').figures['rows']).toBe(3_000);
    expect(checkOf(judged, 'better').words).toContain('on rows the champion had seen');
    expect(judged.verdict).toBe('promoted');
  });

  test('better than a champion that is worse than nothing - not enough', () => {
    const blind = answersOf('blind', CAME, { noise: 0.05 });
    const champion = { answers: answersOf('worse', CAME, { noise: 0.4 }), trainedToMs: 0 };
    const judged = judgeCandidate(factsOf(blind, CAME, { champion }), TERMS);
    expect(checkOf(judged, 'better').passed).toBe(false);
    expect(checkOf(judged, 'better').words).toContain('worse than always saying the label shares');
  });
});

describe('what cannot be judged', () => {
  test('no rows, few rows - rejected for want of them, with figures that are null', () => {
    for (const rows of [0, 40]) {
      const judged = judgeCandidate(factsOf(SKILLED.slice(0, rows), CAME.slice(0, rows)), TERMS);
      expect(judged.verdict).toBe('rejected');
      expect(checkOf(judged, 'better').words).toContain(`${rows} rows out of sample are too few`);
      expect(JSON.stringify(judged)).not.toContain('NaN');
    }
  });

  test('answers to other rows, shares that are none, a market read backwards - refused', () => {
    const facts = factsOf(SKILLED, CAME);
    const [first, second] = SKILLED as [ValidationRow, ValidationRow];
    const judge = (more: Partial<CandidateFacts>) => () => judgeCandidate({ ...facts, ...more });
    expect(judge({ base: [] })).toThrow('answers must be to the same 3000 rows, were 0');
    expect(judge({ candidate: [second, first], base: facts.base.slice(0, 2) })).toThrow('in order');
    expect(judge({ candidate: [{ ...first, buy: Number.NaN }], base: [first] })).toThrow(
      'sum to 1',
    );
    expect(judge({ candidate: [{ ...first, move: Number.NaN }], base: [first] })).toThrow('move');
    expect(judge({ trials: 0 })).toThrow('trials must be a whole number from 1 on, was 0');
    expect(judge({ shadow: { answers: 1, equal: 2 } })).toThrow('equal must be 0 … 1, was 2');
  });
});
