import type { Kysely } from 'kysely';
import { chainHead } from '../../adapters/store/decisions.ts';
import { readEscalations } from '../../adapters/store/escalations.ts';
import { listFills } from '../../adapters/store/fills.ts';
import { listOrders } from '../../adapters/store/orders.ts';
import { listPortfolios, listPositions } from '../../adapters/store/positions.ts';
import { reconcileAccount } from '../../adapters/store/reconcile.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { activeUsersWithConfig } from '../../adapters/store/users.ts';
import type { VenuePort } from '../../adapters/venue/port.ts';
import type { Counts } from './counts.ts';
import type { Driven } from './driver.ts';

/** What one run came to. Money as decimal strings; books as they stand at its end. */
export interface Summary extends Counts {
  readonly ended: Driven['ended'];
  /** What the ring knew beforehand of what it was shown, one sentence each. */
  readonly hindsight: readonly string[];
  readonly seconds: number;
  readonly candles: number;
  readonly motions: number;
  /** Decisions an interrupted earlier run had recorded. */
  readonly decidedBefore: number;
  readonly escalations: Readonly<Record<string, number>>;
  readonly orders: Readonly<Record<string, number>>;
  readonly fills: number;
  readonly books: readonly UserBooks[];
  /** Every user's ledger is equal to the venue's account, to the last digit. */
  readonly ledgerEqualsVenue: boolean;
  readonly chain: { readonly length: number; readonly head: string };
}

export interface UserBooks {
  readonly username: string;
  readonly balances: Readonly<Record<string, string>>;
  readonly equity: Readonly<Record<string, string>>;
  readonly positions: readonly { readonly symbol: string; readonly quantity: string }[];
  readonly differences: readonly unknown[];
}

export async function summarise(
  { db, venuePort, venue }: SummarySources,
  driven: Driven,
  { seconds, hindsight }: Pick<Summary, 'seconds' | 'hindsight'>,
): Promise<Summary> {
  const books = await Promise.all(
    (await activeUsersWithConfig(db)).map((user) => booksOf({ db, venuePort, venue }, user)),
  );
  const [escalations, orders, fills, head] = await Promise.all([
    readEscalations(db),
    listOrders(db, { venue }),
    listFills(db),
    chainHead(db),
  ]);
  const { debates, contested, decisions, ...kinds } = driven.counts;
  return {
    ended: driven.ended,
    hindsight,
    seconds: Math.round(seconds * 10) / 10,
    candles: driven.candles,
    motions: driven.motions,
    debates,
    contested,
    decisions,
    decidedBefore: driven.decidedBefore,
    ...kinds,
    escalations: count(escalations, (escalation) => escalation.status),
    orders: count(orders, (order) => order.state),
    fills: fills.length,
    books,
    ledgerEqualsVenue: books.every((one) => one.differences.length === 0),
    chain: { length: head.length, head: head.hash },
  };
}

export interface SummarySources {
  readonly db: Kysely<Database>;
  readonly venuePort: VenuePort;
  readonly venue: string;
}

async function booksOf(
  { db, venuePort, venue }: SummarySources,
  user: { readonly id: string; readonly username: string },
): Promise<UserBooks> {
  const owner = { userId: user.id, venue };
  const [reconciled, portfolios, positions] = await Promise.all([
    reconcileAccount(db, venuePort, owner),
    listPortfolios(db, owner),
    listPositions(db, owner),
  ]);
  return {
    username: user.username,
    balances: reconciled.balances,
    equity: Object.fromEntries(portfolios.map((portfolio) => [portfolio.quote, portfolio.total])),
    positions: positions.map(({ symbol, quantity }) => ({ symbol, quantity })),
    differences: reconciled.differences,
  };
}

function count<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}
