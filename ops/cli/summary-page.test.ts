import { expect, test } from 'vitest';
import type { Summary } from '../ring/summary.ts';
import { summaryPage } from './summary-page.ts';

const SUMMARY: Summary = {
  ended: 'tape',
  hindsight: [],
  seconds: 10,
  candles: 1_500,
  motions: 30,
  debates: 29,
  contested: 12,
  decisions: 30,
  decidedBefore: 0,
  verdicts: { consensus: 20, no_consensus: 10 },
  actions: { HOLD: 25, BUY: 5 },
  whyNoTrade: {},
  escalations: { expired: 2 },
  orders: { filled: 5 },
  fills: 7,
  books: [
    {
      username: 'trader',
      balances: { USDT: '9999.50000000', BTC: '0.00100000' },
      equity: { USDT: '10012.349' },
      positions: [
        { symbol: 'BTC/USDT', quantity: '0.00100000' },
        { symbol: 'ETH/USDT', quantity: '0' },
      ],
      differences: [],
    },
  ],
  ledgerEqualsVenue: true,
  chain: { length: 30, head: 'f'.repeat(64) },
};

test('summary page - figures, books and chain, one line each', () => {
  const page = summaryPage(SUMMARY);
  expect(page).toContain('The ring stopped: the tape came to its end.');
  expect(page).toContain('30 (3.0 a second): 20 consensus, 10 no consensus');
  expect(page).toMatch(/no trade because +none/);
  expect(page).toContain('equity 10012.34 USDT; balances 9999.5 USDT, 0.001 BTC');
  expect(page).toContain('holds 0.001 of BTC/USDT');
  expect(page).not.toContain('ETH/USDT');
  expect(page).toContain("equal to the venue's account");
  expect(page).toContain(`30 links, head ${'f'.repeat(64)}`);
});

test('summary page - what the ring knew beforehand is not to be overlooked', () => {
  const words = 'HINDSIGHT: champion 3f9a1c was trained on candles up to June';
  expect(summaryPage({ ...SUMMARY, hindsight: [words] })).toContain(words);
});

test('summary page - books that differ are not to be overlooked', () => {
  expect(summaryPage({ ...SUMMARY, ledgerEqualsVenue: false })).toContain('DIFFERS from the venue');
});

test('summary page - a run that goes on where another stopped says so', () => {
  const page = summaryPage({ ...SUMMARY, ended: 'interrupted', decidedBefore: 4, seconds: 0 });
  expect(page).toContain('4 more decided by an earlier run');
  expect(page).toContain('The ring stopped: it was interrupted.');
  expect(page).not.toContain('a second');
});
