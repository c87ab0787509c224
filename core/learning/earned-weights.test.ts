import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROLES, type Role } from '../assistants/role.ts';
import { ACTIONS, type Action } from '../assistants/speech.ts';
import { EQUAL_REGIME_WEIGHTS, type RegimeWeights } from '../debate/weights.ts';
import { REGIMES } from '../features/reading.ts';
import { brierOf } from '../judgement/score.ts';
import { Random } from '../random.ts';
import type { SettledMotion } from './contract.ts';
import { EARNING_TERMS, earnWeights, type WeightReason } from './earned-weights.ts';
import { motionOf, stance } from './settled.fixture.ts';

// Failure here looks like: a vote that grows by luck, by silence, or by being counted twice.

const EVEN = stance(3_334, 3_333);
const RIGHT = stance(6_000, 2_000);
const NO_HYSTERESIS = { ...EARNING_TERMS, hysteresis: 0 };

function reasons(motions: readonly SettledMotion[], terms = EARNING_TERMS): WeightReason[] {
  const { evidence } = earnWeights(motions, EQUAL_REGIME_WEIGHTS, terms);
  return evidence['weights'] as WeightReason[];
}

function weightOf(weights: RegimeWeights, role: Role): number {
  return weights.calm[role];
}

/** The strategist knows a little, everybody else nothing; one motion each 12 candles. */
function record(count: number, { apart = 12 }: { readonly apart?: number } = {}): SettledMotion[] {
  return Array.from({ length: count }, (_, at) =>
    motionOf({
      at: at * apart,
      firsts: { strategist: RIGHT, executor: EVEN, auditor: EVEN, risk_manager: EVEN },
    }),
  );
}

const ANY_STANCE = fc
  .tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }))
  .map(([a, b]) => stance(Math.min(a, b), Math.abs(a - b)));

const ANY_MOTIONS = fc
  .uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 40 })
  .chain((places) =>
    fc.tuple(
      ...places.map((at) =>
        fc.record({
          at: fc.constant(at),
          took: fc.integer({ min: 1, max: 12 }),
          label: fc.constantFrom<Action>(...ACTIONS),
          regime: fc.constantFrom(...REGIMES),
          firsts: fc.dictionary(fc.constantFrom<Role>(...ROLES), ANY_STANCE),
        }),
      ),
    ),
  )
  .map((all) => all.map(motionOf));

describe('weights that scores earn', () => {
  test('nothing settled - all stay, and that is said', () => {
    const earned = earnWeights([], EQUAL_REGIME_WEIGHTS);
    expect(earned.weights).toEqual(EQUAL_REGIME_WEIGHTS);
    expect(earned.learnedToMs).toBeNull();
    expect(earned.reason).toContain('no motion is settled');
  });

  test('who knows more - weighs more, the more the longer it lasts, at most four times', () => {
    const of = (count: number): number =>
      weightOf(earnWeights(record(count), EQUAL_REGIME_WEIGHTS).weights, 'strategist');
    // 0.24 against 0.667: better by 0.427 in every motion.
    expect(of(50)).toBeGreaterThan(12_000);
    expect(of(50)).toBeLessThan(14_000);
    expect(of(300)).toBeGreaterThan(of(50));
    expect(of(1_000)).toBe(40_000);
    const { weights, reason } = earnWeights(record(1_000), EQUAL_REGIME_WEIGHTS);
    expect(weights.calm.executor).toBeLessThan(10_000);
    expect(weights.calm.executor).toBeGreaterThanOrEqual(2_500);
    const most = '1000 settled motions: 20 of 35 weights move, most strategist in calm';
    expect(reason).toContain(most);
  });

  test('the formula - by hand', () => {
    const motions = record(50);
    const excess = brierOf(RIGHT, 'BUY') - brierOf(EVEN, 'BUY');
    const everywhere = (50 * excess) / (50 + 600);
    const believed = (50 * excess + 600 * everywhere) / (50 + 600);
    const found = reasons(motions).find(
      ({ role, regime }) => role === 'strategist' && regime === 'calm',
    );
    expect(found).toMatchObject({ opinions: 50, independent: 50, before: 10_000 });
    expect(found?.excess).toBeCloseTo(excess, 6);
    expect(found?.believed).toBeCloseTo(believed, 6);
    const factor = Math.min(4, Math.exp(-4 * believed));
    expect(found?.earned).toBe(Math.round(10_000 * factor));
  });

  test('a regime of which little is known - the record of all regimes stands in', () => {
    const { weights } = earnWeights(record(1_000), EQUAL_REGIME_WEIGHTS);
    expect(weights.turbulent.strategist).toBeGreaterThan(25_000);
    expect(weights.turbulent.strategist).toBeLessThan(weights.calm.strategist);
    expect(weights.turbulent.fundamental_analyst).toBe(10_000);
  });

  test('overlapping motions - a dozen at once prove no more than two or three apart', () => {
    const apart = earnWeights(record(3), EQUAL_REGIME_WEIGHTS, NO_HYSTERESIS);
    const at_once = earnWeights(record(12, { apart: 1 }), EQUAL_REGIME_WEIGHTS, NO_HYSTERESIS);
    expect(weightOf(at_once.weights, 'strategist')).toBeLessThan(
      weightOf(apart.weights, 'strategist'),
    );
    expect(weightOf(at_once.weights, 'strategist')).toBeGreaterThan(10_000);
  });

  test('without skill - four hundred motions move a vote by luck alone, and not far', () => {
    const random = new Random('luck');
    const share = (): number => 100 * random.whole(0, 50);
    const moved: number[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      const motions = Array.from({ length: 400 }, (_, at) =>
        motionOf({
          at: at * 12,
          label: random.pick(ACTIONS),
          firsts: Object.fromEntries(ROLES.map((role) => [role, stance(share(), share())])),
        }),
      );
      const { weights } = earnWeights(motions, EQUAL_REGIME_WEIGHTS);
      moved.push(...ROLES.map((role) => Math.abs(Math.log(weights.calm[role] / 10_000))));
    }
    moved.sort((a, b) => a - b);
    // Hysteresis keeps half of them where they were, and not one of 140 goes far.
    expect(moved[70] as number).toBe(0);
    expect(Math.exp(moved.at(-1) as number)).toBeLessThan(1.25);
  });

  test('thin data - fifty motions take no vote beyond half or double, however bad it was', () => {
    const [worst, best] = [stance(0, 7_000), stance(9_000, 500)];
    const far = (count: number): RegimeWeights => {
      const motions = Array.from({ length: count }, (_, at) => {
        const firsts = { strategist: worst, executor: EVEN, auditor: best, risk_manager: EVEN };
        return motionOf({ at: at * 12, firsts });
      });
      return earnWeights(motions, EQUAL_REGIME_WEIGHTS).weights;
    };
    // Worse by more than 1 than the others, and better by 0.9.
    for (const regime of REGIMES) {
      for (const role of ROLES) {
        expect(far(50)[regime][role]).toBeGreaterThan(5_000);
        expect(far(50)[regime][role]).toBeLessThan(20_000);
      }
    }
    expect(far(50).calm.strategist).toBeLessThan(9_000);
    expect(far(800).calm).toMatchObject({ strategist: 2_500, auditor: 40_000 });
  });

  test('who is worse by 0.61 - comes to its bound after some three hundred, not before', () => {
    const of = (count: number): number => {
      const motions = Array.from({ length: count }, (_, at) => {
        const firsts = { strategist: stance(1_200, 6_800), executor: EVEN, auditor: EVEN };
        return motionOf({ at: at * 12, firsts });
      });
      return earnWeights(motions, EQUAL_REGIME_WEIGHTS).weights.calm.strategist;
    };
    expect(of(50)).toBeGreaterThan(6_500);
    expect(of(50)).toBeLessThan(7_500);
    expect(of(300)).toBeGreaterThan(2_500);
    expect(of(350)).toBe(2_500);
  });

  test('a small change - makes no version', () => {
    const first = earnWeights(record(200), EQUAL_REGIME_WEIGHTS);
    const again = earnWeights(record(203), first.weights);
    expect(again.weights).toEqual(first.weights);
    expect(again.reason).toBe('203 settled motions: no weight would move by 5 % or more, all stay');
  });

  test('the same motion twice - refused', () => {
    const [one] = record(1) as [SettledMotion];
    expect(() => earnWeights([one, one], EQUAL_REGIME_WEIGHTS)).toThrow('came twice');
  });
});

describe('any record', () => {
  test('bounded whole numbers, the same in any order, with a reason for each', () => {
    fc.assert(
      fc.property(ANY_MOTIONS, fc.integer(), (motions, seed) => {
        const earned = earnWeights(motions, EQUAL_REGIME_WEIGHTS);
        for (const regime of REGIMES) {
          for (const role of ROLES) {
            const weight = earned.weights[regime][role];
            expect(Number.isInteger(weight)).toBe(true);
            expect(weight).toBeGreaterThanOrEqual(2_500);
            expect(weight).toBeLessThanOrEqual(40_000);
          }
        }
        const shuffled = new Random(seed).shuffled(motions);
        expect(earnWeights(shuffled, EQUAL_REGIME_WEIGHTS)).toEqual(earned);
        expect(JSON.parse(JSON.stringify(earned))).toEqual(earned);
        expect(earned.evidence['weights']).toHaveLength(ROLES.length * REGIMES.length);
      }),
      { numRuns: 50 },
    );
  });

  test('a better opinion - never lowers the own weight, never raises another', () => {
    fc.assert(
      fc.property(ANY_MOTIONS, fc.nat(), fc.nat(), (motions, which, who) => {
        const motion = motions[which % motions.length] as SettledMotion;
        const spoke = motion.opinions.filter(({ first }) => first !== null);
        fc.pre(spoke.length > 0);
        const { role } = spoke[who % spoke.length] as { role: Role };
        const { label } = motion.outcome;
        const sure = stance(label === 'BUY' ? 10_000 : 0, label === 'SELL' ? 10_000 : 0);
        const opinions = motion.opinions.map((one) =>
          one.role === role ? { ...one, first: sure } : one,
        );
        const better = motions.map((one) => (one === motion ? { ...motion, opinions } : one));
        const [was, is] = [motions, better].map(
          (all) => earnWeights(all, EQUAL_REGIME_WEIGHTS).weights,
        ) as [RegimeWeights, RegimeWeights];
        for (const regime of REGIMES) {
          expect(is[regime][role]).toBeGreaterThanOrEqual(was[regime][role]);
          for (const other of ROLES) {
            if (other === role) continue;
            expect(is[regime][other]).toBeLessThanOrEqual(was[regime][other]);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('silence - further motions that an assistant kept out of leave its weight alone', () => {
    fc.assert(
      fc.property(ANY_MOTIONS, ANY_MOTIONS, (motions, more) => {
        const silent = more.map((motion) => ({
          ...motion,
          eventId: `more ${motion.eventId}`,
          opinions: motion.opinions.map((one) =>
            one.role === 'strategist' ? { ...one, first: null } : one,
          ),
        }));
        const [few, many] = [motions, [...motions, ...silent]].map(
          (all) => earnWeights(all, EQUAL_REGIME_WEIGHTS).weights,
        ) as [RegimeWeights, RegimeWeights];
        for (const regime of REGIMES) {
          expect(many[regime].strategist).toBe(few[regime].strategist);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a scale - who speaks only where it is easy gains nothing by it', () => {
    // Easy motions score 0.06 for both, hard ones 1.5; the executor keeps out of the hard ones.
    const motions = Array.from({ length: 400 }, (_, at) => {
      const easy = at % 2 === 0;
      const said = easy ? stance(8_000, 1_000) : stance(1_000, 9_000);
      const firsts = { strategist: said, auditor: said, ...(easy ? { executor: said } : {}) };
      return motionOf({ at: at * 12, firsts });
    });
    const { weights } = earnWeights(motions, EQUAL_REGIME_WEIGHTS);
    expect(weights.calm.executor).toBe(10_000);
  });
});
