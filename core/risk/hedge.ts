import { basisPointsOf, decimal, floorToStep, format, positive } from '../market/money.ts';
import type { HedgeRule } from './limits.ts';

/** One user's books as the hedge sees them, decimal strings in quote units unless said. */
export interface HedgeFacts {
  /** Fall of equity from its peak. */
  readonly drawdownBps: number;
  /** Value of every position but the hedge itself. */
  readonly exposure: string;
  /** Base units held of the hedge's instrument. */
  readonly hedged: string;
  /** Of the hedge's instrument, quote per base. */
  readonly price: string;
  readonly lotSize: string;
}

export interface HedgeOrder {
  readonly side: 'BUY' | 'SELL';
  /** Base units, a multiple of the lot. */
  readonly quantity: string;
}

/** What a user's hedge asks for now; `null`: nothing. It is bought once, when the drawdown has come
 * to the threshold, and sold whole when the drawdown is under half of it again: between the two
 * nothing is traded, so that a drawdown that moves about the threshold costs no fees. */
export function hedgeOrder(facts: HedgeFacts, rule: HedgeRule): HedgeOrder | null {
  const lot = positive(facts.lotSize, 'lotSize');
  const held = floorToStep(decimal(facts.hedged, 'hedged'), lot);
  if (held.gt(0)) {
    const over = 2 * facts.drawdownBps < rule.fromDrawdownBps;
    return over ? { side: 'SELL', quantity: format(held) } : null;
  }
  if (facts.drawdownBps < rule.fromDrawdownBps) return null;
  const worth = basisPointsOf(decimal(facts.exposure, 'exposure'), rule.ratioBps);
  const quantity = floorToStep(worth.div(positive(facts.price, 'price')), lot);
  return quantity.gt(0) ? { side: 'BUY', quantity: format(quantity) } : null;
}
