import { describe, expect, test } from 'vitest';
import { claimsOf, factAt, falseClaims, grounded } from './evidence.ts';
import { snapshotOf } from './snapshot.fixture.ts';
import type { Opinion, Revision } from './speech.ts';

const snapshot = snapshotOf({ holdings: { equity: '99999.50' } });
const opinion = (fact: string, value: number): Opinion => ({
  stance: { buyBp: 10_000, sellBp: 0, holdBp: 0 },
  confidenceBp: 1,
  reasons: [{ text: 'x', evidence: [{ fact, value }] }],
});

describe('evidence', () => {
  test('a path - leads to the number that stands there', () => {
    expect(factAt(snapshot, 'reading.indicators.rsi14')).toBe(50);
    expect(factAt(snapshot, 'candles.31.close')).toBe(100);
    expect(factAt(snapshot, 'holdings.equity')).toBe(99_999.5);
  });

  test.each([
    '',
    '.',
    'reading',
    'reading.indicators.nope',
    'reading.regime',
    'candles.32.close',
    'candles.length.x',
    '__proto__.x',
    'constructor.length',
    'symbol.length',
    'a.b.c.d.e.f',
  ])('%j - leads nowhere', (path) => {
    expect(factAt(snapshot, path)).toBeNull();
  });

  test('an opinion - is grounded only when every claim is exact', () => {
    expect(grounded(opinion('reading.indicators.rsi14', 50), snapshot)).toBe(true);
    expect(grounded(opinion('reading.indicators.rsi14', 50.000001), snapshot)).toBe(false);
    expect(grounded(opinion('reading.indicators.unheard', 1), snapshot)).toBe(false);
    expect(grounded({ ...opinion('x', 1), reasons: [] }, snapshot)).toBe(true);
  });

  test('a revision - answers for its new evidence too', () => {
    const claim = { fact: 'reading.indicators.rsi14', value: 12 };
    const revision: Revision = {
      ...opinion('reading.indicators.rsi14', 50),
      movedBy: 'auditor',
      newEvidence: [claim],
    };
    expect(claimsOf(revision)).toContainEqual(claim);
    expect(falseClaims(claimsOf(revision), snapshot)).toEqual([claim]);
    expect(grounded(revision, snapshot)).toBe(false);
  });
});
