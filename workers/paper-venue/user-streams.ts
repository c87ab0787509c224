import type { BalanceRow } from '../../core/venue/accounts.ts';
import { type Amount, amount, printed, ZERO } from '../../core/venue/decimals.ts';
import type { OrderStatus, OrderTerms, TradeRow } from '../../core/venue/events.ts';
import { marketId, type VenueState } from '../../core/venue/state.ts';
import type { VenueEvent } from './events.ts';
import type { Json } from './render.ts';

export interface UserMessage {
  readonly account: string;
  readonly data: Json;
}

/** Turns the venue's acts into the messages of Binance's user data stream: one `executionReport`
 * per change of an order, then `outboundAccountPosition`. */
export function userMessages(state: VenueState, event: VenueEvent): readonly UserMessage[] {
  switch (event.type) {
    case 'order':
      return [...orderReports(event), position(event.order.account, event.balances)];
    case 'cancel': {
      const record = state.orders.get(event.orderId);
      if (!record) return [];
      const { terms, executed, quoted } = record;
      const report = { kind: 'CANCELED', status: 'CANCELED', timeMs: event.timeMs } as const;
      return [
        executionReport(terms, { ...report, executed, quoted }),
        position(terms.account, event.balances),
      ];
    }
    case 'tape':
      return [
        ...(event.triggered ?? []).flatMap((orderId) =>
          triggerReport(state, orderId, event.timeMs),
        ),
        ...event.trades.flatMap((trade) => restingReport(state, trade)),
        ...Object.entries(event.balances).map(([account, rows]) => position(account, rows)),
      ];
    case 'deposit':
      return [position(event.account, event.balances)];
    case 'conditions':
    case 'faults':
    case 'fault':
    case 'instruments':
      return [];
  }
}

interface Change {
  readonly kind: 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED';
  readonly status: OrderStatus;
  readonly executed: Amount;
  readonly quoted: Amount;
  readonly timeMs: number;
  readonly trade?: TradeRow;
  /** Whether it is on the book; left out: what its kind and status say. */
  readonly works?: boolean;
}

function orderReports(event: VenueEvent & { type: 'order' }): readonly UserMessage[] {
  const { order, trades, status } = event;
  const { timeMs } = order;
  const zero = { executed: ZERO, quoted: ZERO, timeMs };
  const reports = [executionReport(order, { kind: 'NEW', status: 'NEW', ...zero })];
  let executed = ZERO;
  let quoted = ZERO;
  for (const [index, trade] of trades.entries()) {
    executed = executed.plus(trade.quantity);
    quoted = quoted.plus(amount(trade.price).times(trade.quantity));
    const last = index === trades.length - 1;
    const after = last && status === 'FILLED' ? 'FILLED' : 'PARTIALLY_FILLED';
    const change = { kind: 'TRADE', status: after, executed, quoted, timeMs, trade } as const;
    reports.push(executionReport(order, change));
  }
  if (status === 'EXPIRED') {
    reports.push(executionReport(order, { kind: 'EXPIRED', status, executed, quoted, timeMs }));
  }
  return reports;
}

/** Binance tells of a stop that was reached as of a new order that works now. */
function triggerReport(state: VenueState, orderId: number, timeMs: number): readonly UserMessage[] {
  const record = state.orders.get(orderId);
  if (!record) return [];
  const change = { kind: 'NEW', status: 'NEW', executed: ZERO, quoted: ZERO, timeMs } as const;
  return [executionReport(record.terms, { ...change, works: true })];
}

function restingReport(state: VenueState, trade: TradeRow): readonly UserMessage[] {
  const record = state.orders.get(trade.orderId);
  if (!record) return [];
  const upTo = record.trades.slice(0, record.trades.indexOf(trade) + 1);
  const executed = upTo.reduce((sum, { quantity }) => sum.plus(quantity), ZERO);
  const quoted = upTo.reduce((sum, row) => sum.plus(amount(row.price).times(row.quantity)), ZERO);
  const status = executed.gte(record.terms.quantity) ? 'FILLED' : 'PARTIALLY_FILLED';
  const { timeMs } = trade;
  return [
    executionReport(record.terms, { kind: 'TRADE', status, executed, quoted, timeMs, trade }),
  ];
}

function executionReport(order: OrderTerms, change: Change): UserMessage {
  const { trade } = change;
  const money = (text: string): string => printed(amount(text));
  const traded = trade ? amount(trade.price).times(trade.quantity) : ZERO;
  const open = change.status === 'NEW' || change.status === 'PARTIALLY_FILLED';
  const waits = order.stopPrice !== undefined && change.kind === 'NEW';
  const data = {
    e: 'executionReport',
    E: Date.now(),
    s: marketId(order.symbol),
    c: order.clientOrderId,
    S: order.side,
    o: order.type,
    f: order.timeInForce,
    q: money(order.quantity),
    p: money(order.price ?? '0'),
    P: money(order.stopPrice ?? '0'),
    F: '0.00000000',
    g: -1,
    C: '',
    x: change.kind,
    X: change.status,
    r: 'NONE',
    i: order.orderId,
    l: money(trade?.quantity ?? '0'),
    z: printed(change.executed),
    L: money(trade?.price ?? '0'),
    n: money(trade?.fee ?? '0'),
    N: trade?.feeAsset ?? null,
    T: change.timeMs,
    t: trade?.tradeId ?? -1,
    w: change.works ?? (open && !waits),
    m: trade?.maker ?? false,
    O: order.timeMs,
    Z: printed(change.quoted),
    Y: printed(traded),
    Q: money(order.quoteQuantity ?? '0'),
    W: order.timeMs,
    V: 'NONE',
  };
  return { account: order.account, data };
}

function position(account: string, rows: readonly BalanceRow[]): UserMessage {
  const B = rows.map(([a, free, locked]) => ({
    a,
    f: printed(amount(free)),
    l: printed(amount(locked)),
  }));
  return { account, data: { e: 'outboundAccountPosition', E: Date.now(), u: Date.now(), B } };
}
