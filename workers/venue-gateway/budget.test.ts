import { describe, expect, test } from 'vitest';
import { RateBudget } from './budget.ts';

const answer = (status: number, headers: Record<string, string>) => ({
  status,
  headers,
  code: '',
  text: '',
});

describe('rate budget', () => {
  test('reserve - the last fifth is left for cancels and questions', () => {
    const budget = new RateBudget(100, { now: () => 0 });
    expect(budget.take(80, 'ordinary')).toBe(true);
    expect(budget.take(1, 'ordinary')).toBe(false);
    expect(budget.take(20, 'protective')).toBe(true);
    expect(budget.take(1, 'protective')).toBe(false);
  });

  test('headers - what the venue counted outweighs our own sum', () => {
    const budget = new RateBudget(100, { now: () => 0 });
    budget.observe(answer(200, { 'X-Mbx-Used-Weight-1m': '90' }));
    expect(budget.take(1, 'ordinary')).toBe(false);
    expect(budget.take(10, 'protective')).toBe(true);
  });

  test('blind - one light question first, then what the venue has counted holds', () => {
    const budget = new RateBudget(100, { now: () => 0, isBlind: true });
    expect(budget.take(2, 'protective')).toBe(false);
    expect(budget.take(1, 'protective')).toBe(true);
    budget.observe(answer(200, {}));
    expect(budget.take(2, 'protective')).toBe(false);
    budget.observe(answer(200, { 'X-Mbx-Used-Weight-1m': '97' }));
    expect(budget.take(4, 'protective')).toBe(false);
    expect(budget.take(3, 'protective')).toBe(true);
  });

  test('minute - a new one starts from nothing', () => {
    let now = 59_999;
    const budget = new RateBudget(10, { now: () => now });
    expect(budget.take(8, 'ordinary')).toBe(true);
    expect(budget.take(8, 'ordinary')).toBe(false);
    now = 60_000;
    expect(budget.take(8, 'ordinary')).toBe(true);
  });

  test('ban - nothing leaves before the named time, not even a cancel', () => {
    let now = 0;
    const budget = new RateBudget(1_000, { now: () => now });
    budget.observe(answer(429, { 'Retry-After': '5' }));
    expect(budget.take(1, 'protective')).toBe(false);
    now = 4_999;
    expect(budget.take(1, 'protective')).toBe(false);
    now = 5_000;
    expect(budget.take(1, 'protective')).toBe(true);
  });

  test('ban - without a named time it lasts a minute', () => {
    let now = 0;
    const budget = new RateBudget(1_000, { now: () => now });
    budget.observe(answer(418, {}));
    now = 59_999;
    expect(budget.take(1, 'protective')).toBe(false);
    now = 60_000;
    expect(budget.take(1, 'protective')).toBe(true);
  });
});
