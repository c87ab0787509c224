import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OrderOutcome } from './leg.ts';
import { isLive, ORDER_STATES, type OrderState } from './lifecycle.ts';
import {
  advance,
  type Goal,
  ImpossiblePursuitEvent,
  MAX_ATTEMPTS,
  MAX_BOOKINGS,
  MAX_FAILURES,
  MAX_QUESTIONS,
  type OrderView,
  type Phase,
  PURSUIT_TABLE,
  type PursuitEvent,
  type PursuitEventType,
  pursuit,
  type Step,
} from './pursuit.ts';

import { rejectionCodes, rejectionVerdict } from './rejections.ts';

const LEG = { legId: 'a'.repeat(64), userId: 'somebody' };
const NO_FILLS = { executedQuantity: '0', averagePrice: null, fees: [] };

function view(state: OrderState, change: Partial<OrderView> = {}): OrderView {
  return {
    ...LEG,
    clientOrderId: 'c1-a',
    venue: 'paper',
    symbol: 'BTC/USDT',
    side: 'BUY',
    timeInForce: 'IOC',
    attempt: 1,
    state,
    quantity: '1',
    limitPrice: '100',
    executedQuantity: '0',
    rejectCode: null,
    ...change,
  };
}

/** Answers each step until it is done; what was done, and how it ended. */
function run(goal: Goal, answer: (step: Step, count: number) => PursuitEvent) {
  const steps: Step[] = [];
  let [state, step] = advance(pursuit(goal, goal === 'pursue' ? LEG : null), { type: 'begin' });
  while (step.type !== 'done' && step.type !== 'fail') {
    steps.push(step);
    [state, step] = advance(state, answer(step, steps.length));
    if (steps.length > 5_000) throw new Error('must end');
  }
  const outcome: OrderOutcome | null = step.type === 'done' ? step.outcome : null;
  return { types: steps.map((one) => one.type), outcome, steps, state };
}

/** A venue and a store where all goes well, but for what a test changes. */
function smooth(change: Partial<Record<Step['type'], (step: Step) => PursuitEvent>> = {}) {
  const usual: Record<string, (step: Step) => PursuitEvent> = {
    read: () => ({ type: 'told', order: view('open', { timeInForce: 'GTC' }), waitMs: null }),
    prepare: () => ({ type: 'prepared', order: view('prepared') }),
    reach_venue: () => ({ type: 'reached' }),
    send: () => ({ type: 'told', order: view('filled'), waitMs: null }),
    ask: () => ({ type: 'told', order: view('filled'), waitMs: null }),
    recall: () => ({ type: 'told', order: view('cancelled'), waitMs: null }),
    book: (step) => {
      const { order } = step as Extract<Step, { type: 'book' }>;
      return { type: 'booked', order, complete: !isLive(order.state), fills: NO_FILLS };
    },
    abandon: () => ({ type: 'recorded' }),
    halt: () => ({ type: 'recorded' }),
    wait: () => ({ type: 'waited' }),
    ...change,
  };
  return (step: Step) => (usual[step.type] as (step: Step) => PursuitEvent)(step);
}

describe('pursuit', () => {
  test('straight - prepare, send, book', () => {
    const { types, outcome } = run('pursue', smooth());
    expect(types).toEqual(['prepare', 'send', 'book']);
    expect(outcome?.state).toBe('filled');
  });

  test('resting - a stop the venue holds ends the pursuit and is not asked about', () => {
    const open = view('open', { timeInForce: 'GTC' });
    const send = () => ({ type: 'told', order: open, waitMs: null }) as const;
    const { types, outcome } = run('pursue', smooth({ send }));
    expect(types).toEqual(['prepare', 'send', 'book']);
    expect(outcome).toMatchObject({ state: 'resting', executedQuantity: '0' });
  });

  test('open IOC - is asked about until it is over', () => {
    const send = () => ({ type: 'told', order: view('open'), waitMs: null }) as const;
    expect(run('pursue', smooth({ send })).types).toEqual(['prepare', 'send', 'ask', 'book']);
  });

  test('recall - cancels what rests, then books; settle leaves it where it is', () => {
    expect(run('recall', smooth()).types).toEqual(['read', 'recall', 'book']);
    const settled = run('settle', smooth());
    expect(settled.types).toEqual(['read', 'book']);
    expect(settled.outcome?.state).toBe('resting');
  });

  test('moved on meanwhile - a resting order found over while booking is followed', () => {
    let looks = 0;
    const book = () => {
      looks += 1;
      const order = view(looks === 1 ? 'open' : 'filled', { timeInForce: 'IOC' });
      return { type: 'booked', order, complete: looks > 1, fills: NO_FILLS } as const;
    };
    const { types, outcome } = run('settle', smooth({ book }));
    expect(types).toEqual(['read', 'book', 'ask', 'book']);
    expect(outcome?.state).toBe('filled');
  });

  test('lost - each attempt is proven absent before the next, and the fifth is the last', () => {
    let attempt = 0;
    const prepare = () => {
      attempt += 1;
      return { type: 'prepared', order: view('prepared', { attempt }) } as const;
    };
    const ask = () =>
      ({ type: 'told', order: view('never_arrived', { attempt }), waitMs: null }) as const;
    const send = () => ({ type: 'failed', reason: 'the process died' }) as const;
    const { types, outcome } = run('pursue', smooth({ prepare, send, ask }));
    expect(types.filter((type) => type === 'send')).toHaveLength(MAX_ATTEMPTS);
    expect(types.filter((type) => type === 'reach_venue')).toHaveLength(MAX_ATTEMPTS - 1);
    expect(types.at(-1)).toBe('abandon');
    expect(outcome).toMatchObject({ state: 'nothing', attempts: MAX_ATTEMPTS });
  });

  test('given up before - a leg whose fifth attempt is on record gets no sixth', () => {
    const order = view('never_arrived', { attempt: MAX_ATTEMPTS });
    const prepare = () => ({ type: 'prepared', order }) as const;
    expect(run('pursue', smooth({ prepare })).types).toEqual(['prepare', 'abandon']);
  });

  test.each([
    ['prepare', 'failed', MAX_FAILURES],
    ['ask', 'failed', MAX_FAILURES],
    ['book', 'contradicted', 1],
  ] as const)('%s %s - ends as a halt for a person after %i', (type, event, times) => {
    const bad = () => ({ type: event, reason: 'no' }) as const;
    const send = () => ({ type: 'told', order: view('unknown'), waitMs: null }) as const;
    const changed = type === 'book' ? { book: bad } : { send, [type]: bad };
    const { types, outcome } = run('pursue', smooth(changed));
    expect(types.filter((one) => one === type)).toHaveLength(times);
    expect(types.at(-1)).toBe('halt');
    expect(outcome).toMatchObject({ state: 'needs_person', reason: 'no' });
  });

  test('questions - have a limit, and so has the look at the trade list', () => {
    const unknown = { type: 'told', order: view('unknown'), waitMs: 1 } as const;
    const asked = run('pursue', smooth({ send: () => unknown, ask: () => unknown }));
    expect(asked.types.filter((type) => type === 'ask')).toHaveLength(MAX_QUESTIONS);
    expect(asked.outcome?.state).toBe('needs_person');
    const order = view('filled');
    const short = { type: 'booked', order, complete: false, fills: NO_FILLS } as const;
    const looked = run('pursue', smooth({ book: () => short }));
    expect(looked.types.filter((type) => type === 'book')).toHaveLength(MAX_BOOKINGS);
    expect(looked.outcome?.reason).toContain('the trade list lacks');
  });

  test('refused for a reason only a person can mend - the leg is halted once it is settled', () => {
    const order = view('rejected', { rejectCode: '-2015' });
    const send = () => ({ type: 'told', order, waitMs: null }) as const;
    const { types, outcome } = run('pursue', smooth({ send }));
    expect(types).toEqual(['prepare', 'send', 'book', 'halt']);
    expect(outcome?.state).toBe('needs_person');
  });

  test('own record away - a recall of a leg nobody can read fails, it does not guess', () => {
    const { outcome, types } = run(
      'recall',
      smooth({ read: () => ({ type: 'failed', reason: 'no' }) }),
    );
    expect(outcome).toBeNull();
    expect(types).not.toContain('recall');
  });

  test('any answers in any order - it ends, and sends each attempt at most once', () => {
    const states = fc.constantFrom(...ORDER_STATES.filter((state) => state !== 'prepared'));
    interface Drawn {
      readonly luck: number;
      readonly state: OrderState;
      readonly complete: boolean;
    }
    const outcomes = fc.infiniteStream<Drawn>(
      fc.record({ luck: fc.nat(9), state: states, complete: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.constantFrom<Goal>('pursue', 'settle', 'recall'), outcomes, (goal, drawn) => {
        let attempt = 0;
        const sent: string[] = [];
        const { types } = run(goal, (step) => {
          const { luck, state, complete } = drawn.next().value as Drawn;
          const order = view(state, { attempt });
          if (step.type === 'send') sent.push(step.order.clientOrderId);
          if (step.type === 'wait') return { type: 'waited' };
          if (luck === 0) return { type: 'failed', reason: 'away' };
          if (step.type === 'prepare') {
            attempt += 1;
            const clientOrderId = `c${attempt}`;
            return { type: 'prepared', order: view('prepared', { attempt, clientOrderId }) };
          }
          if (step.type === 'book') {
            return { type: 'booked', order, complete, fills: NO_FILLS };
          }
          if (step.type === 'reach_venue') return { type: 'reached' };
          if (step.type === 'abandon' || step.type === 'halt') return { type: 'recorded' };
          return { type: 'told', order, waitMs: luck > 5 ? luck : null };
        });
        expect(new Set(sent).size).toBe(sent.length);
        expect(sent.length).toBeLessThanOrEqual(MAX_ATTEMPTS);
        expect(types.length).toBeLessThan(5_000);
      }),
      { numRuns: 300 },
    );
  });

  test('specification - its table has a cell where the machine has one, and no other', () => {
    const text = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8');
    const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const head = rows.find((row) => row[1] === 'phase' && row[2] === 'begin')?.slice(2, -1) ?? [];
    const [phases, events] = [Object.keys(PURSUIT_TABLE), Object.keys(PURSUIT_TABLE.ready)];
    expect(new Set(head)).toEqual(new Set(events));
    for (const phase of phases as Phase[]) {
      const row = rows.find((one) => one[1] === phase && one.length === head.length + 3);
      for (const [index, event] of (head as PursuitEventType[]).entries()) {
        const possible = PURSUIT_TABLE[phase][event] !== 'impossible';
        expect([phase, event, row?.[index + 2] !== '-']).toEqual([phase, event, possible]);
      }
    }
  });

  test('refusal codes - the specification lists each with its verdict, and no other', () => {
    const text = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8');
    const listed = [...text.matchAll(/^\| (-\d+) \| (refused|person|unknown) \|/gm)];
    const verdicts = rejectionCodes('binance').map((code) => [
      code,
      rejectionVerdict('binance', code),
    ]);
    expect(listed.map(([, code, verdict]) => [code, verdict])).toEqual(verdicts);
  });

  test('wrong event - is a bug of the driver and changes nothing', () => {
    expect(() => advance(pursuit('pursue', LEG), { type: 'waited' })).toThrow(
      ImpossiblePursuitEvent,
    );
  });
});
