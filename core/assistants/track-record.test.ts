import { describe, expect, test } from 'vitest';
import type { PastCall } from './mind.ts';
import type { Action } from './speech.ts';
import { recordBp } from './track-record.ts';

const calls = (action: Action, closes: readonly number[]): PastCall[] =>
  closes.map((close, index) => ({ closeTimeMs: index, action, confidenceBp: 5_000, close }));

describe('track record', () => {
  test('no calls yet - all confidence is kept', () => {
    expect(recordBp({ calls: [] }, 100)).toBe(10_000);
  });

  test('four wrong of four - a third is taken', () => {
    // (0 + 4) / (4 + 8) = 1/3 right, twice that is kept.
    expect(recordBp({ calls: calls('BUY', [100, 99, 98, 97]) }, 96)).toBe(6_667);
  });

  test('sales - are right when the price fell', () => {
    expect(recordBp({ calls: calls('SELL', [100, 99, 98, 97]) }, 96)).toBe(10_000);
  });

  test('a move within costs - was not right', () => {
    expect(recordBp({ calls: calls('BUY', [100]) }, 100.05)).toBeLessThan(10_000);
  });

  test('holding - settles nothing', () => {
    expect(recordBp({ calls: calls('HOLD', [100, 50, 10]) }, 1)).toBe(10_000);
  });

  test('always wrong - half is kept, however long', () => {
    const falling = Array.from({ length: 50 }, (_, index) => 1_000 - index * 10);
    expect(recordBp({ calls: calls('BUY', falling) }, 400)).toBe(5_000);
  });
});
