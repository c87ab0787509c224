import type { Terms } from '../../core/debate/answer.ts';
import { legId } from '../../core/identity.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import { format } from '../../core/market/money.ts';
import type { Side } from '../../core/risk/facts.ts';
import { limitPriceFor, sizeOrder } from '../../core/risk/sizing.ts';
import { readInstruments } from './instruments.ts';
import { sellableQuantity } from './positions.ts';
import { decidedMandate, lookAtRiskFacts, type Mandate } from './risk-facts.ts';
import type { Reader } from './store.ts';

/** What a question is about, at the moment it is asked. */
export interface ProposalRequest {
  readonly decisionId: string;
  readonly userId: string;
  readonly username: string;
  readonly venue: string;
  readonly symbol: string;
  readonly side: Side;
  readonly confidenceBp: number;
  /** Quote per base. */
  readonly referencePrice: string;
  /** Unix milliseconds. */
  readonly marketTimeMs: number;
}

/** What the order would be if it were made now, by the rules that will size it: what a person is
 * shown. It reserves nothing, and says so when it comes to no quantity. */
export async function proposeOrder(db: Reader, request: ProposalRequest): Promise<Terms> {
  const { venue, symbol, side } = request;
  const instruments = await readInstruments(db, venue);
  const instrument = instruments.find((one) => one.symbol === symbol);
  if (instrument === undefined) {
    const noSize = `${venue} does not trade ${symbol}`;
    return { side, quantity: null, limitPrice: null, noSize };
  }
  const { mandate } = await decidedMandate(db, request);
  const { quantity, noSize } = await sized(db, request, { instrument, mandate });
  const worst = limitPriceFor(side, { ...request, instrument }, mandate.limits);
  return { side, quantity, noSize, limitPrice: worst.gt(0) ? format(worst) : null };
}

async function sized(
  db: Reader,
  request: ProposalRequest,
  { instrument, mandate }: { readonly instrument: Instrument; readonly mandate: Mandate },
): Promise<Pick<Terms, 'quantity' | 'noSize'>> {
  const { decisionId: causeId, username, side, confidenceBp } = request;
  const leg = { ...request, instrument, legId: legId({ causeId, username, leg: 0 }) };
  const seen = await lookAtRiskFacts(db, leg, mandate);
  if ('refused' in seen) return { quantity: null, noSize: seen.text };
  // An exit takes back the stops that hold the position before it sells.
  const facts = side === 'SELL' ? { ...seen, quantity: await sellableQuantity(db, request) } : seen;
  const order = sizeOrder({ side, facts, limits: mandate.limits, confidenceBp });
  if ('refused' in order) return { quantity: null, noSize: order.text };
  return { quantity: order.quantity, noSize: null };
}
