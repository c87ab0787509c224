import type { Kysely } from 'kysely';
import { haltAgainst } from '../adapters/store/halts.ts';
import { type LegRequest, refuseLeg } from '../adapters/store/intents.ts';
import { listOrders, newestAttempt } from '../adapters/store/orders.ts';
import { legOfSlice, wishedSize } from '../adapters/store/preview.ts';
import type { Database } from '../adapters/store/schema.ts';
import { VenueError } from '../adapters/venue/port.ts';
import { type Route, route } from '../core/orders/routing.ts';
import { refusal } from '../core/risk/facts.ts';
import type { OrderDependencies } from './orders.ts';

export interface Wish {
  /** The wish's first leg. */
  readonly leg: LegRequest;
  /** Number of the slice, from 0: that many legs of the wish went before. */
  readonly slice: number;
}

/** What a look at the book says before a leg is sized.
 * `go`: send it; with `quantity` only so much of it, and `rest` is left for another slice.
 * `stop`: the book has no more within the allowed slippage. */
export type Look =
  | {
      readonly kind: 'go';
      readonly legId: string;
      readonly leg: number;
      /** Base units; null: what the risk rules say. */
      readonly quantity: string | null;
      readonly rest: string;
      readonly estimatedPrice: string | null;
    }
  | { readonly kind: 'stop'; readonly text: string };

const LEVELS = 100;

/** Reads the venue's book for a leg that is about to be sized. Where the risk rules refuse it, or
 * the book cannot be read or is empty, nothing is said: the leg goes on without an estimate, and
 * what refuses it is recorded when it is prepared. */
export async function lookAtBook(
  dependencies: Pick<OrderDependencies, 'db' | 'venue' | 'log'>,
  { leg: first, slice }: Wish,
): Promise<Look> {
  const { db } = dependencies;
  const leg = await legOfSlice(db, first, slice);
  const { legId } = leg;
  const blind = { kind: 'go', legId, leg: leg.leg, rest: '0', estimatedPrice: null } as const;
  // An earlier run has sized it: its order is what it is.
  if (await newestAttempt(db, legId)) return { ...blind, quantity: null };
  const wished = await wishedSize(db, leg);
  if ('refused' in wished) return { ...blind, quantity: null };
  const found = await readRoute(dependencies, leg, wished);
  if (found === null) {
    return slice === 0
      ? { ...blind, quantity: null }
      : { kind: 'stop', text: 'the book is empty by now' };
  }
  const { quantity, rest, expectedPrice: estimatedPrice } = found;
  if (quantity === '0') return thin(dependencies, { leg, slice, wished });
  return { ...blind, quantity: rest === '0' ? null : quantity, rest, estimatedPrice };
}

/** An exit is never refused for a thin book: its limit price is what protects it. */
async function thin(
  { db }: Pick<OrderDependencies, 'db'>,
  given: { readonly leg: LegRequest; readonly slice: number; readonly wished: Wished },
): Promise<Look> {
  const { leg, slice, wished } = given;
  const allowed = wished.maxExpectedSlippageBps;
  const no = refusal('thin_book', `${wished.quantity} wanted, allowed ${allowed} bp`);
  if (slice > 0) return { kind: 'stop', text: no.text };
  if (leg.side === 'SELL') {
    const { legId, leg: number } = leg;
    const blind = { rest: '0', estimatedPrice: null, quantity: null };
    return { kind: 'go', legId, leg: number, ...blind };
  }
  await refuseLeg(db, leg, no);
  return { kind: 'stop', text: no.text };
}

type Wished = Exclude<Awaited<ReturnType<typeof wishedSize>>, { readonly refused: string }>;

async function readRoute(
  { venue, log }: Pick<OrderDependencies, 'venue' | 'log'>,
  leg: LegRequest,
  wished: Wished,
): Promise<Route | null> {
  try {
    const depth = await venue(leg.venue).depth(leg.symbol, LEVELS);
    return route({ ...wished, side: leg.side, depth });
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    log.warn({ legId: leg.legId, err: error }, 'the book could not be read');
    return null;
  }
}

/** Orders of a position that may rest at its venue, oldest first: what holds its base units. None
 * while a halt forbids the sale they would give way to: what rests stays. */
export async function restingStops(
  db: Kysely<Database>,
  of: { readonly userId: string; readonly venue: string; readonly symbol: string },
): Promise<readonly string[]> {
  const { userId, venue, symbol } = of;
  if (await haltAgainst(db, { userId, symbol, side: 'SELL' })) return [];
  const states = ['prepared', 'sent', 'unknown', 'open'] as const;
  const orders = await listOrders(db, { userId, venue, symbol, states });
  return orders
    .filter(({ parameters }) => parameters.type === 'STOP_LOSS_LIMIT')
    .map(({ clientOrderId }) => clientOrderId);
}
