import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROLES, type Role } from '../assistants/role.ts';
import type { Action } from '../assistants/speech.ts';
import { DEFAULT_RULES } from './rules.ts';
import { type RoleBallot, tally, verdict } from './tally.ts';
import { EQUAL_WEIGHTS, forEveryRole, type Weights } from './weights.ts';

type Choice = Action | 'ABSTAIN';

/** Ballots in the order of `ROLES`: monitor, technical, fundamental, risk, strategist,
 * executor, auditor. */
const ballots = (...choices: readonly Choice[]): RoleBallot[] =>
  choices.map((choice, index) => ({
    role: ROLES[index] ?? 'auditor',
    choice,
    confidenceBp: 6_000,
    worthBp: 10_000,
  }));
const decide = (cast: readonly RoleBallot[], change: Partial<Parameters<typeof verdict>[0]> = {}) =>
  verdict({
    ballots: cast,
    weights: EQUAL_WEIGHTS,
    rules: DEFAULT_RULES,
    veto: null,
    holding: false,
    ...change,
  });
const VETO = { code: 'volatility_spike', text: 'too wild' };

describe('tally', () => {
  test('shares - basis points of the weight cast, sum exactly 10,000', () => {
    const count = tally(
      ballots('BUY', 'BUY', 'ABSTAIN', 'BUY', 'SELL', 'HOLD', 'HOLD'),
      EQUAL_WEIGHTS,
      DEFAULT_RULES,
    );
    expect(count.ballots).toBe(6);
    expect(count.sharesBp.BUY + count.sharesBp.SELL + count.sharesBp.HOLD).toBe(10_000);
    expect(count.sharesBp.BUY).toBeGreaterThanOrEqual(5_000);
    expect(count.leading).toBe('BUY');
  });

  test('exactly half - is not more than half', () => {
    const half = decide(ballots('BUY', 'BUY', 'ABSTAIN', 'BUY', 'SELL', 'HOLD', 'HOLD'));
    expect([half.kind, half.action]).toEqual(['no_consensus', 'HOLD']);
  });

  test('a tie - no consensus and nobody leads', () => {
    const tie = decide(ballots('BUY', 'BUY', 'ABSTAIN', 'BUY', 'SELL', 'SELL', 'SELL'));
    expect([tie.kind, tie.tally.leading, tie.tally.leadingSide]).toEqual([
      'no_consensus',
      null,
      null,
    ]);
  });

  test('agreement to do nothing - is a consensus', () => {
    const hold = decide(ballots('HOLD', 'HOLD', 'ABSTAIN', 'HOLD', 'HOLD', 'BUY', 'SELL'));
    expect([hold.kind, hold.action]).toEqual(['consensus', 'HOLD']);
  });

  test('quorum - four voices decide nothing, five may', () => {
    expect(decide(ballots('BUY', 'BUY', 'ABSTAIN', 'BUY', 'BUY')).kind).toBe('inquorate');
    expect(decide(ballots('BUY', 'BUY', 'ABSTAIN', 'BUY', 'BUY', 'BUY')).kind).toBe('consensus');
  });

  test('quorum - a voice without weight does not count', () => {
    const weights = { ...EQUAL_WEIGHTS, executor: 0 };
    expect(decide(ballots('BUY', 'BUY', 'ABSTAIN', 'BUY', 'BUY', 'BUY'), { weights }).kind).toBe(
      'inquorate',
    );
  });

  test('a role counted twice - does not count at all', () => {
    const twice = [...ballots('BUY', 'BUY', 'BUY', 'BUY', 'BUY'), ...ballots('BUY')];
    expect(tally(twice, EQUAL_WEIGHTS, DEFAULT_RULES).ballots).toBe(4);
  });

  test('text cap - the fundamental analyst weighs at most a fifth, whatever its weight', () => {
    const weights = { ...EQUAL_WEIGHTS, fundamental_analyst: 1_000_000 };
    const count = tally(
      ballots('HOLD', 'HOLD', 'BUY', 'HOLD', 'HOLD', 'HOLD', 'HOLD'),
      weights,
      DEFAULT_RULES,
    );
    expect(count.sharesBp.BUY).toBe(2_000);
  });

  test('text alone - weighs nothing and opens nothing', () => {
    const alone = decide(ballots('ABSTAIN', 'ABSTAIN', 'BUY'));
    expect([alone.kind, alone.tally.ballots]).toEqual(['inquorate', 0]);
  });

  test('text - may not tip the ring into buying where one numeric assistant wants it', () => {
    const weights: Weights = { ...EQUAL_WEIGHTS, market_monitor: 25_000 };
    const cast = ballots('BUY', 'ABSTAIN', 'BUY', 'HOLD', 'SELL', 'SELL', 'ABSTAIN');
    const tipped = decide(cast, { weights });
    expect(tipped.textSetAside).toBe(true);
    expect(tipped.kind).toBe('no_consensus');
  });

  test('text - may tip it where two numeric assistants want the same', () => {
    const cast = ballots('BUY', 'BUY', 'BUY', 'HOLD', 'SELL', 'ABSTAIN', 'ABSTAIN');
    expect(decide(cast)).toMatchObject({ kind: 'consensus', action: 'BUY', textSetAside: false });
  });

  test('text - may always move towards less risk', () => {
    const cast = ballots('BUY', 'BUY', 'HOLD', 'BUY', 'HOLD', 'HOLD', 'ABSTAIN');
    expect(decide(cast)).toMatchObject({ kind: 'no_consensus', textSetAside: false });
  });
});

describe('veto', () => {
  test('an agreed purchase - is vetoed', () => {
    const vetoed = decide(ballots('BUY', 'BUY', 'BUY', 'HOLD', 'BUY', 'BUY', 'BUY'), {
      veto: VETO,
    });
    expect([vetoed.kind, vetoed.action, vetoed.veto]).toEqual(['vetoed', 'HOLD', VETO]);
  });

  test('a leading purchase without consensus - is not even asked about', () => {
    const cast = ballots('BUY', 'BUY', 'ABSTAIN', 'HOLD', 'BUY', 'SELL', 'HOLD');
    expect(decide(cast, { veto: VETO }).kind).toBe('vetoed');
  });

  test('selling what is held lowers risk - stands against a veto; selling short does not', () => {
    const cast = ballots('SELL', 'SELL', 'SELL', 'HOLD', 'SELL', 'SELL', 'SELL');
    expect(decide(cast, { veto: VETO, holding: true })).toMatchObject({
      kind: 'consensus',
      action: 'SELL',
    });
    expect(decide(cast, { veto: VETO, holding: false }).kind).toBe('vetoed');
  });

  test('agreement to hold - needs no veto', () => {
    const cast = ballots('HOLD', 'HOLD', 'HOLD', 'HOLD', 'HOLD', 'HOLD', 'HOLD');
    expect(decide(cast, { veto: VETO })).toMatchObject({ kind: 'consensus', action: 'HOLD' });
  });
});

const anyChoice = fc.constantFrom<Choice>('BUY', 'SELL', 'HOLD', 'ABSTAIN');
const anyBallots = fc
  .array(
    fc.record({
      choice: anyChoice,
      confidenceBp: fc.integer({ min: 0, max: 10_000 }),
      worthBp: fc.constantFrom(10_000, 5_000),
    }),
    { minLength: 7, maxLength: 7 },
  )
  .map((cast) => cast.map((ballot, index) => ({ ...ballot, role: ROLES[index] as Role })));
const anyWeights: fc.Arbitrary<Weights> = fc
  .array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 7, maxLength: 7 })
  .map((all) => forEveryRole((role) => all[ROLES.indexOf(role)] ?? 0));

describe('verdict - properties', () => {
  test('order of arrival - never changes a verdict', () => {
    fc.assert(
      fc.property(
        anyBallots.chain((cast) =>
          fc.tuple(fc.constant(cast), fc.shuffledSubarray(cast, { minLength: 7 })),
        ),
        anyWeights,
        ([cast, shuffled], weights) => {
          expect(decide(shuffled, { weights })).toEqual(decide(cast, { weights }));
        },
      ),
    );
  });

  test('scaling all weights - changes nothing', () => {
    fc.assert(
      fc.property(
        anyBallots,
        anyWeights,
        fc.integer({ min: 1, max: 100_000 }),
        (cast, weights, k) => {
          const scaled = forEveryRole((role) => weights[role] * k);
          expect(decide(cast, { weights: scaled })).toEqual(decide(cast, { weights }));
        },
      ),
    );
  });

  test('a veto - always holds against buying', () => {
    fc.assert(
      fc.property(anyBallots, anyWeights, fc.boolean(), (cast, weights, holding) => {
        const decided = decide(cast, { weights, holding, veto: VETO });
        expect(decided.action).not.toBe('BUY');
        if (!holding) expect(decided.action).toBe('HOLD');
      }),
    );
  });

  test('a trade - has more than half of the weight cast, and a quorum', () => {
    fc.assert(
      fc.property(anyBallots, anyWeights, (cast, weights) => {
        const { action, tally: count } = decide(cast, { weights });
        if (action === 'HOLD') return;
        expect(count.passes && count.quorate).toBe(true);
        expect(count.sharesBp[action]).toBeGreaterThanOrEqual(5_000);
      }),
    );
  });
});
