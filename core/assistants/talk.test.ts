import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DebateState } from '../debate/machine.ts';
import { initialDebate, transition } from '../debate/machine.ts';
import { positionsAfter } from '../debate/positions.ts';
import { movedByEvidence, readRecord } from '../debate/record.ts';
import { DEFAULT_RULES } from '../debate/rules.ts';
import { inRound, said, wants } from '../debate/talk.fixture.ts';
import { REGIMES } from '../features/reading.ts';
import { grounded } from './evidence.ts';
import { EMPTY_MEMORY } from './mind.ts';
import { minds } from './minds.ts';
import { ROLES } from './role.ts';
import { candlesOf, snapshotOf } from './snapshot.fixture.ts';
import type { Snapshot } from './snapshot.ts';
import { speak } from './speak.ts';
import type { Kind, Utterance } from './speech.ts';
import { topAction } from './stance.ts';

/** Holds a whole debate the way the ring does: a kind is asked of everyone before any is heard. */
function debate(snapshot: Snapshot, rules = DEFAULT_RULES): Utterance[] {
  const talk: Utterance[] = [];
  let state: DebateState = initialDebate(rules);
  let effects = transition(state, { type: 'opened' });
  for (;;) {
    state = effects[0];
    const hold = effects[1].find((effect) => effect.type === 'hold_round');
    if (hold === undefined) return talk;
    for (const kind of hold.kinds) talk.push(...ask({ kind, round: hold.round }, snapshot, talk));
    const { round } = hold;
    const positions = positionsAfter({ utterances: talk, snapshot, round, rules });
    effects = transition(state, { type: 'round_closed', round, positions });
  }
}

interface Call {
  readonly kind: Kind;
  readonly round: number;
}

function ask({ kind, round }: Call, snapshot: Snapshot, talk: readonly Utterance[]) {
  const heard = round === 1 ? [] : [...talk];
  return ROLES.map((role) => {
    const content = speak({ role, kind, round, snapshot, heard, memory: EMPTY_MEMORY });
    return inRound(round, said(role, kind, content as never));
  });
}

/** A market its oscillators buy and its trend sells: the ring disagrees. */
const torn = snapshotOf({
  indicators: {
    rsi14: 15,
    williamsR: -99,
    cci20: -250,
    change1: -0.02,
    change3: -0.05,
    change12: -0.08,
    volumeRatio: 4,
    sma20: 99,
    sma50: 104,
    bollingerMiddle: 99,
    bollingerLower: 97,
    volatility20: 0.006,
  },
  reading: { regime: 'trend_down' },
  candles: candlesOf(Array.from({ length: 32 }, (_, index) => 110 - index / 3)),
});

describe('talk', () => {
  test('a torn ring - debates: it asks, answers, and somebody is moved by evidence', () => {
    const talk = debate(torn);
    const spoken = (kind: Kind) => talk.filter((one) => one.kind === kind && one.content !== null);
    expect(spoken('challenge').length).toBeGreaterThan(0);
    expect(spoken('rebuttal').flatMap((one) => one.content).length).toBe(
      spoken('challenge').length,
    );
    expect(spoken('revision').length).toBeGreaterThan(0);
    expect(spoken('ballot').length).toBe(7);
  });

  test('a challenge - goes to who disagrees, with facts that one has not used', () => {
    const heard = [
      said('market_monitor', 'opinion', wants('SELL', { confidenceBp: 9_000 })),
      said('executor', 'opinion', wants('SELL', { confidenceBp: 2_000 })),
    ];
    const context = { snapshot: torn, memory: EMPTY_MEMORY, heard, round: 2 };
    const challenge = minds.technical_analyst.challenge(context);
    expect(challenge?.to).toBe('market_monitor');
    expect(challenge?.text).toMatch(/^RSI 15 is oversold, and .* Why SELL rather than BUY\?$/);
  });

  test('who agrees with everybody - asks nobody', () => {
    const heard = [said('market_monitor', 'opinion', wants('BUY'))];
    const context = { snapshot: torn, memory: EMPTY_MEMORY, heard, round: 2 };
    expect(minds.technical_analyst.challenge(context)).toBeNull();
    expect(minds.technical_analyst.rebuttal(context)).toEqual([]);
    expect(minds.technical_analyst.revision(context)).toBeNull();
  });

  test('a challenge with a false number - is refused and moves nobody', () => {
    const lie = { fact: 'reading.indicators.rsi14', value: 99 };
    const challenge = { to: 'strategist', text: 'RSI 99', evidence: [lie] } as const;
    const heard = [
      said('strategist', 'opinion', minds.strategist.opinion(torn, EMPTY_MEMORY)),
      said('technical_analyst', 'challenge', challenge),
    ];
    const context = { snapshot: torn, memory: EMPTY_MEMORY, heard, round: 2 };
    const [answer] = minds.strategist.rebuttal(context);
    expect(answer).toMatchObject({ to: 'technical_analyst', concedes: false });
    expect(answer?.text).toContain('is not 99');
    expect(minds.strategist.revision(context)).toBeNull();
    const strikes = minds.auditor.ballot({ ...context, round: 3 }).strikes;
    expect(strikes.map((strike) => strike.role)).toEqual(['technical_analyst']);
  });
});

const anyFraction = fc.option(fc.double({ min: -0.2, max: 0.2, noNaN: true }));
const anyPrice = fc.option(fc.double({ min: 50, max: 150, noNaN: true }));
const anySnapshot = fc
  .record({
    rsi14: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    williamsR: fc.option(fc.double({ min: -100, max: 0, noNaN: true })),
    change1: anyFraction,
    change3: anyFraction,
    change12: anyFraction,
    sma20: anyPrice,
    sma50: anyPrice,
    vwap: anyPrice,
    atr14: fc.option(fc.double({ min: 0, max: 5, noNaN: true })),
    volumeRatio: fc.option(fc.double({ min: 0, max: 20, noNaN: true })),
    volatility20: fc.option(fc.double({ min: 0, max: 0.05, noNaN: true })),
  })
  .chain((indicators) =>
    fc.record({
      closes: fc.array(fc.double({ min: 50, max: 150, noNaN: true }), {
        minLength: 1,
        maxLength: 32,
      }),
      regime: fc.constantFrom(...REGIMES),
      sentiment: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
      exposureBps: fc.integer({ min: 0, max: 10_000 }),
      indicators: fc.constant(indicators),
    }),
  )
  .map(({ closes, regime, sentiment, exposureBps, indicators }) =>
    snapshotOf({
      candles: candlesOf(closes),
      indicators,
      reading: { regime },
      holdings: { exposureBps },
      news: { items: 1, newsSentiment: sentiment, socialSentiment: null, marketCapChange: null },
    }),
  );

describe('talk - properties', () => {
  test('any market - all that is said is true, every revision is owed to evidence', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const talk = debate(snapshot, { ...DEFAULT_RULES, maxRounds: 5 });
        const record = readRecord(talk);
        expect(record.utterances.length).toBe(talk.length);
        for (const one of talk) {
          if (one.kind === 'opinion' && one.content) {
            expect(grounded(one.content, snapshot)).toBe(true);
          }
          if (one.kind === 'revision' && one.content) {
            const change = { revision: one.content, round: one.round, snapshot };
            expect(movedByEvidence(record, one.role, change)).toBe(true);
            expect(grounded(one.content, snapshot)).toBe(true);
          }
          if (one.kind === 'ballot' && one.content) {
            expect(one.content.strikes).toEqual([]);
            const held = record.byRole[one.role].held.at(-1)?.opinion;
            if (one.content.choice !== 'ABSTAIN' && held) {
              expect(one.content.choice).toBe(topAction(held.stance));
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('the same snapshot - the same debate, word for word', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        expect(debate(structuredClone(snapshot))).toEqual(debate(snapshot));
      }),
      { numRuns: 20 },
    );
  });
});
