import type { Watch } from './character.ts';
import { mindOf } from './mind-of.ts';
import { cost, depth, fairPrice } from './senses/execution.ts';
import type { Snapshot } from './snapshot.ts';
import type { Reason } from './speech.ts';

const MOST_SPREAD_BPS = 60;

const WATCHES: readonly Watch[] = [
  { sense: fairPrice, weight: 2 },
  { sense: cost, weight: 1 },
  { sense: depth, weight: 1 },
];

/** Judges whether an order could be executed well now: spread, turnover, the day's average
 * price. */
export const executor = mindOf({
  role: 'executor',
  openness: 1.2,
  watches: () => WATCHES,
  holdWhy: (snapshot) => notExecutable(snapshot),
});

/** Why no order should be sent at all. */
export function notExecutable({ holdings, liquidity }: Snapshot): Reason | null {
  const { openOrders } = holdings;
  if (openOrders > 0) {
    const orders = openOrders === 1 ? '1 order is' : `${openOrders} orders are`;
    return {
      text: `not executable: ${orders} still open`,
      evidence: [{ fact: 'holdings.openOrders', value: openOrders }],
    };
  }
  if (liquidity.meanQuoteVolume <= 0) {
    const value = liquidity.meanQuoteVolume;
    return {
      text: 'not executable: nothing is traded here',
      evidence: [{ fact: 'liquidity.meanQuoteVolume', value }],
    };
  }
  if (liquidity.spreadBps > MOST_SPREAD_BPS) {
    const value = liquidity.spreadBps;
    return {
      text: `not executable: spread ${value.toFixed(0)} bps, at most ${MOST_SPREAD_BPS}`,
      evidence: [{ fact: 'liquidity.spreadBps', value }],
    };
  }
  return null;
}
