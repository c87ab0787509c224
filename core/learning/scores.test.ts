import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROLES } from '../assistants/role.ts';
import { ACTIONS, type Action } from '../assistants/speech.ts';
import type { Decision } from '../backtest/strategy.ts';
import { REGIMES } from '../features/reading.ts';
import { assistantScores, debateWorth, ringScore } from '../judgement/council.ts';
import { Random } from '../random.ts';
import type { SettledMotion } from './contract.ts';
import { scoreRing } from './scores.ts';
import { motionOf, stance } from './settled.fixture.ts';

// If these fail, an assistant is praised or blamed for what it did not say, or a debate is said to
// help when it does not.

const BOOTSTRAP = { resamples: 200, seed: 'scores', level: 0.95 };
const COST = { roundTripCost: 0.002 };

type Decided = NonNullable<SettledMotion['decision']>;

function decisionOf(action: Action, vote: Action, parts: Partial<Decided> = {}): Decided {
  return {
    action,
    verdict: action === 'HOLD' ? 'no_consensus' : 'consensus',
    stance: stance(5_000, 2_000),
    arms: {
      bestSingle: { role: 'strategist', action: vote, confidenceBp: 7_000 },
      voteWithoutDebate: { kind: 'consensus', action: vote, confidenceBp: 6_000 },
      hold: { action: 'HOLD' },
    },
    ...{ contested: action !== vote, rounds: action === vote ? 2 : 3 },
    ...parts,
  };
}

/** A move of one per cent up, or down. */
function motion(at: number, label: 'BUY' | 'SELL', decision: Decided | null): SettledMotion {
  const plain = motionOf({ at, label, firsts: { strategist: stance(8_000, 1_000) } });
  const move = label === 'BUY' ? 0.01 : -0.01;
  const outcome = { ...plain.outcome, move, exitPrice: 100 * (1 + move) };
  return { ...plain, outcome, decision };
}

/** Seeded motions with everything a motion can have and lack. */
function anyMotions(seed: string, count: number): SettledMotion[] {
  const random = new Random('motions', seed);
  const pick = <T>(list: readonly T[]): T => list[random.whole(0, list.length - 1)] as T;
  const anyStance = () => {
    const buyBp = random.whole(0, 10_000);
    return stance(buyBp, random.whole(0, 10_000 - buyBp));
  };
  return Array.from({ length: count }, (_, at) => {
    const plain = motionOf({
      ...{ at: Math.floor(at / 2), label: pick(ACTIONS), regime: pick(REGIMES) },
      ...{ symbol: pick(['BTC/USDT', 'ETH/USDT']), firsts: {} },
    });
    const opinions = plain.opinions.map((one) => {
      const first = random.chance(0.8) ? anyStance() : null;
      const last = first === null || random.chance(0.5) ? first : anyStance();
      return { ...one, first, last };
    });
    const decision = decisionOf(pick(ACTIONS), pick(ACTIONS), {
      stance: random.chance(0.9) ? anyStance() : null,
    });
    const outcome = { ...plain.outcome, move: 0.02 * random.normal() };
    const eventId = `motion ${at}`;
    const decided = random.chance(0.9) ? decision : null;
    return { ...plain, eventId, opinions, outcome, decision: decided };
  });
}

describe('scores of the ring', () => {
  test('nothing yet - empty, and it says so', () => {
    const scores = scoreRing([], BOOTSTRAP, COST);
    expect(scores).toMatchObject({ motions: 0, fromMs: null, toMs: null, ring: null });
    expect(scores).toMatchObject({ assistants: [], bySymbol: [], debate: { verdict: 'unknown' } });
    expect(scores.debate.words).toContain('nothing decided has settled yet');
    expect(JSON.parse(JSON.stringify(scores))).toEqual(scores);
  });

  test('the same sheets as a backtest has: every score of the same opinions is equal', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 80 }), (seed, count) => {
        const motions = anyMotions(seed, count);
        const scores = scoreRing(motions, BOOTSTRAP, COST);
        const facts = new Map(motions.map((one) => [one.eventId, one]));
        const decisions = motions.map((one) => backtested(one));
        const factsOf = ({ why }: Decision) => facts.get(why) ?? null;
        expect(scores.assistants).toEqual(assistantScores(decisions, factsOf, BOOTSTRAP));
        expect(scores.ring).toEqual(ringScore(decisions, factsOf));
        const decided = decisions.filter((_, at) => motions[at]?.decision !== null);
        const inputs = { decisions: decided, factsOf, bootstrap: BOOTSTRAP, difference: null };
        const worth = debateWorth(inputs) ?? scores.debate;
        const { motions: debated, contested, meanRounds, changed, brierGain } = worth;
        const gathered = { contested, meanRounds, changed, brierGain };
        expect(scores.debate).toMatchObject({ motions: debated, ...gathered });
        expect(JSON.parse(JSON.stringify(scores))).toEqual(scores);
      }),
      { numRuns: 30 },
    );
  });

  test('by symbol - each symbol as if it had been alone', () => {
    const motions = anyMotions('symbols', 60);
    const scores = scoreRing(motions, BOOTSTRAP, COST);
    expect(scores.bySymbol.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'ETH/USDT']);
    for (const { symbol, assistants, ring } of scores.bySymbol) {
      const own = motions.filter((one) => one.symbol === symbol);
      const alone = scoreRing(own, BOOTSTRAP, COST);
      expect(assistants).toEqual(
        alone.assistants.map(({ role, first }) => ({ role, score: first })),
      );
      expect(ring?.brier).toBe(alone.ring?.brier);
    }
  });

  test('time that goes back is refused', () => {
    const back = [motion(5, 'BUY', null), motion(3, 'BUY', null)];
    expect(() => scoreRing(back, BOOTSTRAP, COST)).toThrow('closeTimeMs must not go back');
  });
});

describe('what a debate was worth', () => {
  test('one motion, by hand', () => {
    const [auditor, strategist] = [stance(2_000, 2_000), stance(8_000, 1_000)];
    const one = motion(0, 'BUY', decisionOf('BUY', 'HOLD'));
    const opinions = one.opinions.map((said) => {
      if (said.role === 'strategist') return { ...said, first: strategist, last: strategist };
      if (said.role === 'auditor') return { ...said, first: auditor, last: strategist };
      return { ...said, first: null, last: null };
    });
    const { arms } = scoreRing([{ ...one, opinions }], BOOTSTRAP, COST);
    const [vote, single, hold] = arms;
    // All believed 0.8, 0.1, 0.1 at the end: 0.04 + 0.01 + 0.01; at first 0.5, 0.15, 0.35.
    expect(vote).toMatchObject({ arm: 'voteWithoutDebate', motions: 1, differing: 1 });
    expect(vote?.net.mean).toBeCloseTo(0.008, 12);
    expect(vote?.brier.mean).toBeCloseTo(0.25 + 0.0225 + 0.1225 - 0.06, 12);
    expect(single?.brier.mean).toBeCloseTo(0, 12);
    expect(hold).toMatchObject({ arm: 'hold', differing: 1 });
    expect(hold?.brier.mean).toBeCloseTo(2 - 0.06, 12);
    expect(vote?.verdict).toBe('unknown');
    expect(vote?.words).toContain('too few motions to tell');
  });

  test.each([
    ['right where the vote was wrong', 'BUY', 'SELL', 'adds', 'the debate adds over the vote'],
    ['wrong where the vote was right', 'SELL', 'BUY', 'costs', 'the debate costs against the vote'],
    ['the same as the vote', 'BUY', 'BUY', 'nothing', 'the debate adds nothing: in all of'],
  ] as const)('%s - it is called so', (_, action, vote, verdict, words) => {
    const motions = Array.from({ length: 80 }, (_, at) =>
      motion(at, 'BUY', decisionOf(action, vote)),
    );
    const { debate, arms } = scoreRing(motions, BOOTSTRAP, COST);
    expect(debate).toMatchObject({ verdict, difference: null, motions: 80 });
    expect(debate.words).toContain(words);
    expect(debate.changed).toBe(action === vote ? 0 : 80);
    expect(arms.map(({ arm }) => arm)).toEqual(['voteWithoutDebate', 'bestSingle', 'hold']);
  });

  test('no better than a coin - is said to add nothing that can be shown', () => {
    const random = new Random('coin');
    const motions = Array.from({ length: 300 }, (_, at) =>
      motion(at, random.chance(0.5) ? 'BUY' : 'SELL', decisionOf('BUY', 'SELL')),
    );
    const { debate } = scoreRing(motions, BOOTSTRAP, COST);
    expect(debate.verdict).toBe('nothing');
    expect(debate.words).toContain('adds nothing that can be shown over the vote without debate');
  });

  test('nobody to follow - the best single assistant holds still', () => {
    const decision = decisionOf('BUY', 'BUY');
    const arms = { ...decision.arms, bestSingle: null };
    const scores = scoreRing([motion(0, 'BUY', { ...decision, arms })], BOOTSTRAP, COST);
    const single = scores.arms.find(({ arm }) => arm === 'bestSingle');
    expect(single).toMatchObject({ differing: 1, brier: { pairs: 0, mean: null } });
    expect(single?.net.mean).toBeCloseTo(0.008, 12);
  });
});

/** The same motion as a backtest would keep it. */
function backtested({ symbol, closeTimeMs, eventId, opinions, decision }: SettledMotion): Decision {
  return {
    ...{ symbol, closeTimeMs, action: decision?.action ?? 'HOLD', confidenceBp: 5_000 },
    followUp: { kind: 'nothing', why: 'agreed_to_hold' },
    why: eventId,
    stance: decision?.stance ?? null,
    council: {
      trigger: 'cadence',
      verdict: 'no_consensus',
      contested: decision?.contested ?? false,
      rounds: decision?.rounds ?? 0,
      arms: decision?.arms ?? decisionOf('HOLD', 'HOLD').arms,
      opinions: ROLES.flatMap((role) => opinions.find((one) => one.role === role) ?? []),
    },
  };
}
