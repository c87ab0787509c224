import type { FillRow } from '../adapters/store/fills.ts';
import type { OrderRow } from '../adapters/store/orders.ts';
import { listPortfolios, listPositions } from '../adapters/store/positions.ts';
import { fillFeed, orderFeed, positionFeed } from '../proto/feed.ts';
import type { OrderDependencies } from './orders.ts';

/** Tells the feeds where an order stands. Feeds are told after the commit and may be lost. */
export function tellOrder({ feed }: Pick<OrderDependencies, 'feed'>, order: OrderRow): void {
  const { venue, symbol, side, type, timeInForce, quantity } = order.parameters;
  const { limitPrice, stopPrice } = order.parameters;
  const { userId, legId, clientOrderId, attempt, state, executedQuantity, rejectCode } = order;
  const atMs = order.marketTimeMs;
  const who = { symbol, venue, userId, legId, clientOrderId, attempt };
  const what = { side, type, timeInForce, quantity, limitPrice, stopPrice };
  feed(orderFeed({ atMs, ...who, ...what, state, executedQuantity, rejectCode }));
}

/** Tells the feeds what was booked, and what the user now holds. */
export async function tellFills(
  { feed, db }: Pick<OrderDependencies, 'feed' | 'db'>,
  order: OrderRow,
  booked: readonly FillRow[],
): Promise<void> {
  if (booked.length === 0) return;
  for (const { marketTimeMs, ...fill } of booked) feed(fillFeed({ atMs: marketTimeMs, ...fill }));
  const { venue, symbol } = order.parameters;
  const { userId } = order;
  const [position] = await listPositions(db, { userId, venue, symbol });
  const portfolios = await listPortfolios(db, { userId, venue });
  const money = portfolios.find(({ quote }) => symbol.endsWith(`/${quote}`));
  if (!position || !money) return;
  const { currentPrice, marketTimeMs: atMs } = position;
  const equity = money.total;
  feed(positionFeed({ symbol, venue, userId, position, currentPrice, equity, atMs }));
}
