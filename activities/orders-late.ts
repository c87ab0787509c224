import { bookFills } from '../adapters/store/fills.ts';
import { haltLeg } from '../adapters/store/intents.ts';
import { leftOrders } from '../adapters/store/left-orders.ts';
import { findOrder, type OrderRow, recordOrderEvent } from '../adapters/store/orders.ts';
import {
  lateSources,
  lateTrades,
  type TradeSource,
  unsettledOrders,
} from '../adapters/store/unsettled.ts';
import type { Execution, Trade } from '../adapters/venue/port.ts';
import { STATUS_EVENTS } from '../core/orders/lifecycle.ts';
import { book, type OrderDependencies } from './orders.ts';
import { tellFills, tellOrder } from './orders-feed.ts';
import { isContradiction, TRADES_PAGE } from './orders-venue.ts';

type Dependencies = OrderDependencies;

/** What the venue's user stream tells of an order of ours: its state is recorded and its trade
 * booked through the same doors as the answers to our own questions, so it does not matter how
 * often it is told, in which order, or whether at all. False when it is no order of ours. */
export async function takeExecution(
  dependencies: Dependencies,
  execution: Execution,
): Promise<boolean> {
  const { db, log } = dependencies;
  const { clientOrderId, account, symbol } = execution;
  const order = await findOrder(db, clientOrderId);
  if (order === null || order.userId !== account || order.parameters.symbol !== symbol) {
    log.warn({ clientOrderId, symbol }, 'the user stream tells of an order that is not ours');
    return false;
  }
  const faults = [
    await attempt(() => recordNews(dependencies, order, execution)),
    await attempt(() => bookTrade(dependencies, order, execution.trade)),
  ].filter((fault) => fault !== null);
  for (const fault of faults) await leaveToPerson(dependencies, order, fault);
  return true;
}

async function recordNews(
  dependencies: Dependencies,
  before: OrderRow,
  { status, venueOrderId, executedQuantity }: Execution,
): Promise<void> {
  const news = { event: STATUS_EVENTS[status], venueOrderId, executedQuantity };
  const { clientOrderId } = before;
  const after = await recordOrderEvent(dependencies.db, clientOrderId, {
    ...news,
    why: 'the user stream',
  });
  if (after.state !== before.state) tellOrder(dependencies, after);
}

async function bookTrade(
  dependencies: Dependencies,
  { clientOrderId }: OrderRow,
  trade: Trade | null,
): Promise<void> {
  if (trade === null) return;
  const { order, booked } = await bookFills(dependencies.db, clientOrderId, [trade]);
  await tellFills(dependencies, order, booked);
}

async function attempt(act: () => Promise<void>): Promise<Error | null> {
  try {
    await act();
    return null;
  } catch (error) {
    if (!isContradiction(error)) throw error;
    return error;
  }
}

async function leaveToPerson(
  { db, log }: Dependencies,
  { legId, userId, clientOrderId }: OrderRow,
  fault: Error,
): Promise<void> {
  log.error({ err: fault, clientOrderId }, 'the user stream contradicts our record');
  await haltLeg(db, { legId, userId, reason: `the user stream: ${fault.message}` });
}

export interface SweepSpan {
  /** How far back orders are looked at, milliseconds. */
  readonly withinMs: number;
  /** What moved later than this is somebody's work in hand, milliseconds. */
  readonly quietMs: number;
  /** How long after its end an order's venue is asked for trades that came late, milliseconds. */
  readonly lateMs: number;
}

export interface SweepReport {
  /** Legs settled whose worker had left them. */
  readonly settled: number;
  /** Trades booked after their leg was settled. */
  readonly late: number;
  /** What could not be done now; the next sweep tries again. */
  readonly failed: number;
  /** Orders that wait for a person. */
  readonly left: number;
}

/** Who is left to a person is looked up in one sweep of so many: it reads all orders. */
const SWEEPS_A_LOOK = 12;
/** Trade lists asked for in one sweep. */
const MAX_SOURCES = 10;

/** Finishes what others left: settles orders that ended without their last trades being booked, and
 * books trades that the venue tells of after the end. */
export class Sweeper {
  readonly #dependencies: Dependencies;
  readonly #looked = new Map<string, number>();
  #told: ReadonlySet<string> = new Set();
  #sweeps = 0;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async sweep({ withinMs, quietMs, lateMs }: SweepSpan): Promise<SweepReport> {
    const { db } = this.#dependencies;
    this.#sweeps += 1;
    const report = { settled: 0, late: 0, failed: 0, left: this.#told.size };
    if (this.#sweeps % SWEEPS_A_LOOK === 1) report.left = await this.#leftToPeople();
    for (const id of await unsettledOrders(db, { withinMs, quietMs })) {
      const booked = await this.#try(id, () => book(this.#dependencies, id));
      if (booked === null) report.failed += 1;
      else if (booked.complete) report.settled += 1;
    }
    for (const source of this.#next(await lateSources(db, { withinMs: lateMs, quietMs }))) {
      const found = await this.#try(source, () => this.#bookLate(source));
      if (found === null) report.failed += 1;
      else report.late += found;
    }
    return report;
  }

  /** Each is told of once; `corro orders settle` is what a person does about it. */
  async #leftToPeople(): Promise<number> {
    const { db, log } = this.#dependencies;
    const left = await leftOrders(db);
    for (const order of left) {
      if (!this.#told.has(order.clientOrderId)) log.error(order, 'an order waits for a person');
    }
    this.#told = new Set(left.map((order) => order.clientOrderId));
    return left.length;
  }

  /** The sources that were looked at longest ago. */
  #next(sources: readonly TradeSource[]): readonly TradeSource[] {
    const keyOf = ({ userId, venue, symbol }: TradeSource) => `${userId} ${venue} ${symbol}`;
    const present = new Set(sources.map(keyOf));
    for (const key of this.#looked.keys()) if (!present.has(key)) this.#looked.delete(key);
    const turn = (source: TradeSource) => this.#looked.get(keyOf(source)) ?? 0;
    const next = [...sources].sort((a, b) => turn(a) - turn(b)).slice(0, MAX_SOURCES);
    for (const source of next) this.#looked.set(keyOf(source), this.#sweeps);
    return next;
  }

  async #bookLate(source: TradeSource): Promise<number> {
    const { db, venue, log } = this.#dependencies;
    const { userId: account, symbol } = source;
    const trades = await venue(source.venue).trades({ account, symbol, limit: TRADES_PAGE });
    let count = 0;
    for (const [id, late] of await lateTrades(db, source, trades)) {
      const { order, booked } = await bookFills(db, id, late);
      await tellFills(this.#dependencies, order, booked);
      if (booked.length > 0) log.warn({ clientOrderId: id, trades: booked.length }, 'late fills');
      count += booked.length;
    }
    return count;
  }

  async #try<T>(what: unknown, act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (err) {
      this.#dependencies.log.warn({ err, what }, 'the sweep could not settle this now');
      return null;
    }
  }
}
