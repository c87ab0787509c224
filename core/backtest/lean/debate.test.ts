import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_MEMORY, type Memory } from '../../assistants/mind.ts';
import type { Role } from '../../assistants/role.ts';
import { candlesOf, snapshotOf } from '../../assistants/snapshot.fixture.ts';
import type { Snapshot } from '../../assistants/snapshot.ts';
import { ACTIONS } from '../../assistants/speech.ts';
import { DEFAULT_RULES } from '../../debate/rules.ts';
import { DEFAULT_USER_CONFIG } from '../../debate/user-config.ts';
import { EQUAL_REGIME_WEIGHTS, forEveryRole, type RegimeWeights } from '../../debate/weights.ts';
import { holdDebate } from '../debate.ts';
import { LeanRing, type LeanTerms } from './debate.ts';
import { anySnapshot } from './snapshots.fixture.ts';

// Failure here looks like: a backtest in the lean gear that trades what the ring would not have.

const HOUSE: LeanTerms = {
  weights: EQUAL_REGIME_WEIGHTS,
  rules: DEFAULT_RULES,
  userConfig: DEFAULT_USER_CONFIG,
};

const snapshots = anySnapshot(fc);
const NO_MEMORIES = forEveryRole(() => EMPTY_MEMORY);

/** Both debates of one motion, as one text each. */
function both(
  snapshot: Snapshot,
  memories: Readonly<Record<Role, Memory>> = NO_MEMORIES,
  terms: LeanTerms = HOUSE,
): readonly [string, string] {
  const lean = new LeanRing(terms).hold({ snapshot, memories });
  const spoken = holdDebate({ ...terms, snapshot, memories, gear: 'full' });
  const { ruling, opinions } = spoken;
  return [JSON.stringify(lean), JSON.stringify({ ruling, opinions })];
}

const memory: fc.Arbitrary<Memory> = fc
  .array(
    fc.record({
      closeTimeMs: fc.constant(0),
      action: fc.constantFrom(...ACTIONS),
      confidenceBp: fc.constant(5_000),
      close: fc.integer({ min: 95, max: 105 }),
    }),
    { maxLength: 25 },
  )
  .map((calls) => ({ calls }));

const memories = fc.tuple(memory, memory, memory).map((few) => {
  let place = 0;
  return forEveryRole(() => {
    place += 1;
    return few[place % few.length] ?? EMPTY_MEMORY;
  });
});

const weights: fc.Arbitrary<RegimeWeights> = fc
  .array(fc.constantFrom(0, 5_000, 10_000, 12_500, 40_000), { minLength: 7, maxLength: 7 })
  .map((seven) => {
    let place = 0;
    const one = forEveryRole(() => {
      place += 1;
      return seven[place - 1] ?? 10_000;
    });
    return { ...EQUAL_REGIME_WEIGHTS, choppy: one, trend_up: one, turbulent: one };
  });

describe('debate as arithmetic', () => {
  test('any market, books and memories - comes to what the debate in words comes to', () => {
    fc.assert(
      fc.property(snapshots, memories, (snapshot, remembered) => {
        const [lean, spoken] = both(snapshot, remembered);
        expect(lean).toBe(spoken);
      }),
      { numRuns: 400 },
    );
  });

  test('any weights and stricter rules of a user - the same count', () => {
    const rules = fc.record({
      thresholdBp: fc.constantFrom(5_000, 6_600),
      quorum: fc.constantFrom(5, 6),
    });
    fc.assert(
      fc.property(snapshots, weights, rules, (snapshot, earned, own) => {
        const userConfig = {
          ...DEFAULT_USER_CONFIG,
          weights: { strategist: 15_000, executor: 2_500 },
          rules: { ...DEFAULT_USER_CONFIG.rules, ...own },
        };
        const [lean, spoken] = both(snapshot, NO_MEMORIES, {
          ...HOUSE,
          weights: earned,
          userConfig,
        });
        expect(lean).toBe(spoken);
      }),
      { numRuns: 200 },
    );
  });

  test('the same motion again - leaves nothing behind that another could meet', () => {
    const ring = new LeanRing(HOUSE);
    fc.assert(
      fc.property(snapshots, snapshots, (one, other) => {
        const first = JSON.stringify(ring.hold({ snapshot: one, memories: NO_MEMORIES }));
        ring.hold({ snapshot: other, memories: NO_MEMORIES });
        expect(JSON.stringify(ring.hold({ snapshot: one, memories: NO_MEMORIES }))).toBe(first);
      }),
      { numRuns: 50 },
    );
  });

  test('what it does not cover - is left to words', () => {
    const memories = NO_MEMORIES;
    const news = { items: 1, newsSentiment: 0.5, socialSentiment: null, marketCapChange: null };
    const young = candlesOf(Array.from({ length: 20 }, () => 100));
    const odd = forEveryRole((role) => (role === 'auditor' ? 999_983 : 1_000_000));
    const ring = new LeanRing(HOUSE);
    expect(ring.hold({ snapshot: snapshotOf({ news }), memories })).toBeNull();
    expect(ring.hold({ snapshot: snapshotOf({ candles: young }), memories })).toBeNull();
    const snapshot = snapshotOf();
    const longer = new LeanRing({ ...HOUSE, rules: { ...DEFAULT_RULES, maxRounds: 4 } });
    expect(longer.hold({ snapshot, memories })).toBeNull();
    const weights = { ...EQUAL_REGIME_WEIGHTS, choppy: odd };
    expect(new LeanRing({ ...HOUSE, weights }).hold({ snapshot, memories })).toBeNull();
  });
});
