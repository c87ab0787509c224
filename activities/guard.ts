import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Act } from '../adapters/store/audit.ts';
import {
  closeGuard,
  holdingOf,
  listGuards,
  openGuardOf,
  readGuard,
  saveGuard,
} from '../adapters/store/guards.ts';
import { haltAgainst } from '../adapters/store/halts.ts';
import type { Database } from '../adapters/store/schema.ts';
import { VenueError, type VenuePort } from '../adapters/venue/port.ts';
import { legId } from '../core/identity.ts';
import type { Candle } from '../core/market/candle.ts';
import type { OrderInput } from '../core/orders/leg.ts';
import type { WantedLeg } from '../core/risk/guard-keeper.ts';
import type { GuardLeg, Holding } from '../core/risk/guard-record.ts';
import { type GuardRecord, MOST_CANDLES } from '../proto/guard.ts';
import { type Wire, wire } from '../proto/subjects.ts';

export interface GuardDependencies {
  readonly db: Kysely<Database>;
  /** The port to a venue by its name. */
  readonly venue: (name: string) => VenuePort;
  readonly log: Logger;
}

/** What a guard wants sent, and for which ring. */
type RingLeg = WantedLeg & { readonly namespace: string };

export interface Parting {
  readonly guard: GuardRecord;
  readonly reason: string;
  readonly atMs: number;
  /** What it leaves behind, base units. */
  readonly left: string;
}

export type GuardActivities = ReturnType<typeof createGuardActivities>;

/** The steps of a guard beside its orders. Every one may be repeated: what it writes has an id or a
 * number. */
export function createGuardActivities({ db, venue, log }: GuardDependencies) {
  return {
    /** The guard of what an entry bought; null when there is nothing to guard. */
    openGuard: (entry: OrderInput): Promise<GuardRecord | null> => {
      const names: Wire = wire(entry.namespace);
      return openGuardOf(db, entry, names.guardWorkflowId);
    },

    /** The open guard of a position; null when there is none. */
    findGuard: async (
      of: Pick<GuardRecord, 'userId' | 'venue' | 'symbol'>,
    ): Promise<GuardRecord | null> => (await listGuards(db, { ...of, open: true }))[0] ?? null,

    readGuard: (planId: string): Promise<GuardRecord | null> => readGuard(db, planId),

    saveGuard: (saved: {
      readonly guard: GuardRecord;
      readonly act: Omit<Act, 'reference'> | null;
    }): Promise<void> => saveGuard(db, saved.guard, saved.act),

    /** False when other than what it leaves behind is held by now; see the store. */
    closeGuard: async (closed: Parting): Promise<boolean> => {
      const { guard, ...given } = closed;
      const { planId, symbol } = guard;
      const done = await closeGuard(db, guard, given);
      if (done) log.info({ planId, symbol, reason: given.reason }, 'guard closed');
      return done;
    },

    holdingOf: (guard: GuardRecord): Promise<Holding> => holdingOf(db, guard),

    /** Builds the guard's next leg. A sale refers to the best bid, so that it trades even where the
     * market has left the candle behind. */
    guardLeg: async (wanted: RingLeg): Promise<GuardLeg> => {
      const { guard, purpose, stopPrice, namespace } = wanted;
      const { userId, symbol } = guard;
      const halt = await haltAgainst(db, { userId, symbol, side: 'SELL' });
      if (halt) return { kind: 'halted', why: `halt ${halt.name}: ${halt.reason}` };
      const port = venue(guard.venue);
      const referencePrice =
        stopPrice === undefined ? await priceToSell(port, wanted) : wanted.price;
      const leg: OrderInput = {
        namespace,
        legId: legId({
          causeId: guard.planId,
          username: guard.username,
          leg: guard.state.nextLeg,
        }),
        cause: { kind: 'guard', id: guard.planId },
        leg: guard.state.nextLeg,
        purpose,
        userId,
        venue: guard.venue,
        symbol,
        side: 'SELL',
        closeTimeMs: wanted.marketTimeMs,
        referencePrice,
        confidenceBp: 10_000,
        ...(stopPrice === undefined ? {} : { stopPrice }),
      };
      return { kind: 'leg', leg };
    },

    /** Closed candles the guard has not seen, as the market itself has them, oldest first. */
    missedCandles: (guard: GuardRecord): Promise<readonly Candle[]> =>
      missedCandles(venue(guard.venue), guard),
  };
}

async function missedCandles(
  port: VenuePort,
  { symbol, state }: GuardRecord,
): Promise<readonly Candle[]> {
  const exchange = state.feed?.exchange ?? null;
  const candles = await port.klines({
    ...(exchange === null ? {} : { exchange }),
    symbol,
    timeframe: state.timeframe,
    sinceMs: state.lastCloseMs + 1,
    limit: MOST_CANDLES,
  });
  const now = Date.now();
  return candles.filter(({ closeTimeMs }) => {
    return closeTimeMs > state.lastCloseMs && closeTimeMs < now;
  });
}

async function priceToSell(port: VenuePort, { guard, price }: WantedLeg): Promise<string> {
  try {
    const { bids } = await port.depth(guard.symbol, 5);
    return bids[0]?.price ?? price;
  } catch (error) {
    // A venue that has no book to show; any other failure is repeated.
    if (error instanceof VenueError && error.code === 'invalid') return price;
    throw error;
  }
}
