import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ImpossibleOrderEvent,
  isLive,
  nextOrderState,
  ORDER_EVENTS,
  ORDER_STATES,
  type OrderState,
} from './lifecycle.ts';
import { pauseBeforeQuery, silenceProvesAfter } from './resolution.ts';
import { venueRules } from './venue-rules.ts';

const RANK: Record<OrderState, number> = {
  prepared: 0,
  sent: 1,
  unknown: 2,
  open: 3,
  filled: 4,
  cancelled: 4,
  rejected: 4,
  expired: 4,
  never_arrived: 4,
};

describe('order lifecycle', () => {
  test('forward - no sequence of events ever moves an order back or out of its end', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ORDER_EVENTS), { maxLength: 20 }), (events) => {
        let state: OrderState = 'prepared';
        for (const event of events) {
          const before: OrderState = state;
          try {
            state = nextOrderState(before, event);
          } catch (error) {
            expect(error).toBeInstanceOf(ImpossibleOrderEvent);
          }
          expect(RANK[state]).toBeGreaterThanOrEqual(RANK[before]);
          if (!isLive(before)) expect(state).toBe(before);
        }
      }),
    );
  });

  test('live - exactly the four states in which a venue may have or get it', () => {
    expect(ORDER_STATES.filter(isLive)).toEqual(['prepared', 'sent', 'unknown', 'open']);
  });

  test('send - an order is sent once: the mark cannot be set twice', () => {
    expect(nextOrderState('prepared', 'begin_send')).toBe('sent');
    for (const state of ORDER_STATES.filter((one) => one !== 'prepared')) {
      expect(() => nextOrderState(state, 'begin_send')).toThrow(ImpossibleOrderEvent);
    }
  });

  test('absence - only an unknown order can be proven never to have arrived', () => {
    for (const state of ORDER_STATES) {
      const allowed = state === 'unknown' || state === 'never_arrived';
      const attempt = () => nextOrderState(state, 'prove_absent');
      if (allowed) expect(attempt()).toBe('never_arrived');
      else expect(attempt).toThrow(ImpossibleOrderEvent);
    }
  });

  test('contradiction - a fill reported for what never arrived is never taken in silence', () => {
    expect(() => nextOrderState('never_arrived', 'report_filled')).toThrow(
      'order is never_arrived: report_filled must not happen',
    );
  });

  test('late fill - is booked at every end it can reach without moving the order', () => {
    for (const state of ['filled', 'cancelled', 'expired', 'never_arrived'] as const) {
      expect(nextOrderState(state, 'book_fill')).toBe(state);
    }
  });
});

describe('resolution', () => {
  test('silence - proves nothing before validity, clock margin and read lag have passed', () => {
    const rules = venueRules('paper');
    expect(silenceProvesAfter({ fencedAtMs: 10_000, validUntilMs: null }, rules)).toBe(18_000);
    expect(silenceProvesAfter({ fencedAtMs: 10_000, validUntilMs: 20_000 }, rules)).toBe(23_000);
    expect(silenceProvesAfter({ fencedAtMs: 10_000, validUntilMs: 5 }, rules)).toBe(18_000);
  });

  test('silence - a venue nobody has studied gets the longest wait', () => {
    const stranger = silenceProvesAfter({ fencedAtMs: 0, validUntilMs: null }, venueRules('other'));
    expect(stranger).toBeGreaterThan(60_000);
    expect(venueRules('other').refusesRepeatedId).toBe('never');
  });

  test('pause - doubles, is bounded, and wakes just after silence begins to prove', () => {
    expect([0, 1, 2, 3].map((asked) => pauseBeforeQuery(asked, 60_000))).toEqual([
      100, 200, 400, 800,
    ]);
    expect(pauseBeforeQuery(50, 60_000)).toBe(2_000);
    expect(pauseBeforeQuery(50, 700)).toBe(701);
    expect(pauseBeforeQuery(50, -5)).toBe(2_000);
  });
});
