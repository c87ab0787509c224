import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROLES } from '../assistants/role.ts';
import type { Action } from '../assistants/speech.ts';
import {
  contested,
  DEBATE_PHASES,
  type DebateEvent,
  type DebateState,
  initialDebate,
  type Position,
  stable,
  transition,
} from './machine.ts';
import { DEFAULT_RULES } from './rules.ts';
import { wants } from './talk.fixture.ts';

const position = (index: number, action: Action, confidenceBp = 6_000): Position => ({
  role: ROLES[index] ?? 'auditor',
  stance: wants(action).stance,
  confidenceBp,
  moved: false,
  grounded: true,
});

const conflict = [position(0, 'BUY'), position(1, 'SELL')];
const agreement = [position(0, 'BUY'), position(1, 'BUY')];
const closed = (round: number, positions: readonly Position[] = []): DebateEvent => ({
  type: 'round_closed',
  round,
  positions,
});

function walk(state: DebateState, events: readonly DebateEvent[]) {
  let now = state;
  const effects = events.flatMap((event) => {
    const [next, asked] = transition(now, event);
    now = next;
    return asked;
  });
  return { state: now, effects };
}

describe('debate machine', () => {
  test('a contested debate - analysis, one debate round, vote, end', () => {
    const { state, effects } = walk(initialDebate(DEFAULT_RULES), [
      { type: 'opened' },
      closed(1, conflict),
      closed(2, conflict),
      closed(3),
    ]);
    expect(effects).toEqual([
      { type: 'hold_round', round: 1, kinds: ['opinion'] },
      { type: 'hold_round', round: 2, kinds: ['challenge', 'rebuttal', 'revision'] },
      { type: 'hold_round', round: 3, kinds: ['ballot'] },
      { type: 'conclude' },
    ]);
    expect([state.phase, state.contested]).toEqual(['concluded', true]);
  });

  test('nothing to debate - straight from analysis to the vote', () => {
    const { state, effects } = walk(initialDebate(DEFAULT_RULES), [
      { type: 'opened' },
      closed(1, agreement),
    ]);
    expect(effects.at(-1)).toEqual({ type: 'hold_round', round: 2, kinds: ['ballot'] });
    expect([state.phase, state.contested]).toEqual(['voting', false]);
  });

  test('nobody spoke in round 1 - the vote is still held', () => {
    const { state } = walk(initialDebate(DEFAULT_RULES), [{ type: 'opened' }, closed(1)]);
    expect(state.phase).toBe('voting');
  });

  test('early stop - a debate round that moves nothing is the last one', () => {
    const rules = { ...DEFAULT_RULES, maxRounds: 6 };
    const start = [{ type: 'opened' } as const, closed(1, conflict)];
    expect(walk(initialDebate(rules), [...start, closed(2, conflict)]).state.phase).toBe('voting');
    const shifted = [position(0, 'BUY', 9_000), position(1, 'SELL', 5_000)];
    expect(walk(initialDebate(rules), [...start, closed(2, shifted)]).state.phase).toBe('debating');
  });

  test('a cancelled debate - ends once, and is judged on what was said', () => {
    for (const phase of DEBATE_PHASES) {
      const state = { ...initialDebate(DEFAULT_RULES), phase };
      const over = phase === 'concluded' || phase === 'cancelled';
      const [next, effects] = transition(state, { type: 'cancelled' });
      expect(effects).toEqual(over ? [] : [{ type: 'conclude' }]);
      expect(next.phase).toBe(over ? phase : 'cancelled');
    }
  });

  test('late or repeated events - change nothing and ask for nothing', () => {
    const { state } = walk(initialDebate(DEFAULT_RULES), [{ type: 'opened' }, closed(1, conflict)]);
    for (const event of [{ type: 'opened' } as const, closed(1, agreement), closed(3), closed(7)]) {
      expect(transition(state, event)).toEqual([state, []]);
    }
  });

  test('every phase - has an answer to every event', () => {
    for (const phase of DEBATE_PHASES) {
      const state = { ...initialDebate(DEFAULT_RULES), phase, round: 1 };
      for (const event of [
        { type: 'opened' } as const,
        closed(1),
        { type: 'cancelled' } as const,
      ]) {
        const [next, effects] = transition(state, event);
        expect(DEBATE_PHASES).toContain(next.phase);
        expect(effects.length).toBeLessThanOrEqual(1);
      }
    }
  });
});

const anyPosition = fc.record({
  role: fc.constantFrom(...ROLES),
  stance: fc
    .constantFrom('BUY' as const, 'SELL' as const, 'HOLD' as const)
    .map((a) => wants(a).stance),
  confidenceBp: fc.integer({ min: 0, max: 10_000 }),
  moved: fc.boolean(),
  grounded: fc.boolean(),
});
const anyEvent: fc.Arbitrary<DebateEvent> = fc.oneof(
  fc.constant({ type: 'opened' as const }),
  fc.constant({ type: 'cancelled' as const }),
  fc.record({
    type: fc.constant('round_closed' as const),
    round: fc.integer({ min: 0, max: 9 }),
    positions: fc.array(anyPosition, { maxLength: 7 }),
  }),
);

describe('debate machine - properties', () => {
  test('whatever happens - never more than maxRounds rounds, and at most one end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 7 }),
        fc.array(anyEvent, { maxLength: 40 }),
        (maxRounds, events) => {
          const { effects } = walk(initialDebate({ ...DEFAULT_RULES, maxRounds }), events);
          const rounds = effects.filter((effect) => effect.type === 'hold_round');
          expect(rounds.length).toBeLessThanOrEqual(maxRounds);
          expect(rounds.map((round) => round.round)).toEqual(rounds.map((_, index) => index + 1));
          expect(effects.filter((effect) => effect.type === 'conclude').length).toBeLessThan(2);
        },
      ),
    );
  });

  test('rounds that close - always lead to a vote and an end', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyPosition), { minLength: 9, maxLength: 9 }), (rounds) => {
        const events = rounds.map((positions, index) => closed(index + 1, positions));
        const rules = { ...DEFAULT_RULES, maxRounds: 5 };
        const { state, effects } = walk(initialDebate(rules), [{ type: 'opened' }, ...events]);
        expect(state.phase).toBe('concluded');
        expect(effects.at(-2)).toMatchObject({ kinds: ['ballot'] });
      }),
    );
  });
});

describe('contested', () => {
  test('two confident opinions that differ - contested, HOLD against a trade too', () => {
    expect(contested(conflict, DEFAULT_RULES)).toBe(true);
    expect(contested([position(0, 'BUY'), position(1, 'HOLD')], DEFAULT_RULES)).toBe(true);
  });

  test('a timid, an ungrounded or an agreeing opinion - is no conflict', () => {
    const timid = position(1, 'SELL', DEFAULT_RULES.confidentBp - 1);
    const ungrounded = { ...position(1, 'SELL'), grounded: false };
    expect(contested([position(0, 'BUY'), timid], DEFAULT_RULES)).toBe(false);
    expect(contested([position(0, 'BUY'), ungrounded], DEFAULT_RULES)).toBe(false);
    expect(contested(agreement, DEFAULT_RULES)).toBe(false);
    expect(contested([], DEFAULT_RULES)).toBe(false);
  });

  test('stable - no share moved by more than the rule allows', () => {
    expect(stable(conflict, conflict, DEFAULT_RULES)).toBe(true);
    expect(stable(conflict, agreement, DEFAULT_RULES)).toBe(false);
  });
});
