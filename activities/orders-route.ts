import type { Kysely } from 'kysely';
import { haltAgainst } from '../adapters/store/halts.ts';
import { type LegRequest, refuseLeg } from '../adapters/store/intents.ts';
import { listOrders, newestAttempt } from '../adapters/store/orders.ts';
import { legOfSlice, wishedSize } from '../adapters/store/preview.ts';
import type { Database } from '../adapters/store/schema.ts';
import { VenueError } from '../adapters/venue/port.ts';
import type { DepthReport } from '../core/orders/routing.ts';
import { blindLook, judgeBook, type Look } from '../core/orders/slices.ts';
import type { OrderDependencies } from './orders.ts';

export interface Wish {
  /** The wish's first leg. */
  readonly leg: LegRequest;
  /** Number of the slice, from 0: that many legs of the wish went before. */
  readonly slice: number;
}

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
  const blind = blindLook(leg);
  // An earlier run has sized it: its order is what it is.
  if (await newestAttempt(db, leg.legId)) return blind;
  const wished = await wishedSize(db, leg);
  if ('refused' in wished) return blind;
  const depth = await readDepth(dependencies, leg);
  const { look, refused } = judgeBook(leg, slice, { wished, depth });
  if (refused !== null) await refuseLeg(db, leg, refused);
  return look;
}

/** A book that cannot be read says as much as an empty one. */
async function readDepth(
  { venue, log }: Pick<OrderDependencies, 'venue' | 'log'>,
  leg: LegRequest,
): Promise<DepthReport> {
  try {
    return await venue(leg.venue).depth(leg.symbol, LEVELS);
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    log.warn({ legId: leg.legId, err: error }, 'the book could not be read');
    return { bids: [], asks: [] };
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
