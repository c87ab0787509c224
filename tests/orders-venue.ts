import type { Kysely } from 'kysely';
import type { Database } from '../adapters/store/schema.ts';
import type {
  AccountReport,
  CancelOutcome,
  Depth,
  NewOrder,
  OrderKey,
  OrderReport,
  SendOutcome,
  Trade,
  TradesQuery,
  VenueOrderStatus,
  VenuePort,
} from '../adapters/venue/port.ts';
import { VenueError } from '../adapters/venue/port.ts';
import { Decimal, decimal, format } from '../core/market/money.ts';

/** What the venue does to the next order.
 * `lose_request`: it never gets it and says nothing. `lose_answer`: it takes it and says nothing.
 * `late`: as `lose_answer`, and queries see it only after `hiddenQueries`. */
export type Fate = 'take' | 'lose_request' | 'lose_answer' | 'late' | 'reject' | 'rest';

interface Held {
  readonly order: NewOrder;
  readonly venueOrderId: string;
  status: VenueOrderStatus;
  executed: Decimal;
  hiddenQueries: number;
}

const VALID_MS = 5_000;

/** An exchange with one price whose answers a test can lose: the lies a real one cannot be made to
 * tell on demand. It fences by the leases in Postgres as the gateway does, just before it takes an
 * order, and keeps its own books. Its clock can be moved, so that a test need not wait. */
export class LyingVenue {
  readonly #db: Kysely<Database>;
  readonly #held: Held[] = [];
  readonly #trades: { readonly account: string; readonly trade: Trade }[] = [];
  readonly #balances = new Map<string, Decimal>();
  readonly fates: Fate[] = [];
  /** Base units the book offers per order. */
  liquidity = Decimal.of(1_000_000);
  price = Decimal.of('50000');
  /** How far the venue's clock is ahead of ours. */
  clockMs = 0;
  /** How far the clock runs ahead with every query: time passes quickly at this venue. */
  clockStepMs = 0;
  sent = 0;
  queries = 0;
  marketTimeMs = 0;
  /** Runs after an order was taken or lost, before the answer. */
  afterSend: () => Promise<void> = async () => undefined;
  down = false;
  /** What stands in its book, and nothing else; null: it does not say. */
  book: Depth | null = null;
  /** What it makes of a trade when it lists it. */
  distort: (trade: Trade) => Trade = (trade) => trade;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Orders the venue has taken, oldest first. */
  get taken(): readonly NewOrder[] {
    return this.#held.map((held) => held.order);
  }

  fund(account: string, asset: string, amount: string): void {
    this.#move(account, asset, decimal(amount));
  }

  port(): VenuePort {
    const unsupported = () => Promise.reject(new VenueError('invalid', 'not asked in these tests'));
    return {
      newOrder: (order) => this.#newOrder(order),
      queryOrder: (key) => this.#query(key),
      cancelOrder: (key) => this.#cancel(key),
      trades: (query) => this.#tradesOf(query),
      account: (account) => this.#account(account),
      time: async () => ({ venueTimeMs: this.#now() }),
      openOrders: unsupported,
      depth: async () => this.book ?? unsupported(),
      klines: unsupported,
      instruments: unsupported,
      watch: unsupported,
      unwatch: unsupported,
    } as VenuePort;
  }

  #now(): number {
    return Date.now() + this.clockMs;
  }

  async #newOrder(order: NewOrder): Promise<SendOutcome> {
    const signedAtMs = this.#now();
    const lease = await this.#db
      .selectFrom('leases')
      .select('epoch')
      .where('name', '=', order.lease.name)
      .executeTakeFirst();
    if (lease?.epoch !== order.lease.epoch) return { state: 'refused', why: 'fenced' };
    this.sent += 1;
    const fate = this.fates.shift() ?? 'take';
    if (fate === 'reject') {
      await this.afterSend();
      return { state: 'rejected', code: '-2010', text: 'insufficient balance' };
    }
    const held = fate === 'lose_request' ? null : this.#take(order, fate);
    await this.afterSend();
    if (held === null || fate === 'lose_answer' || fate === 'late') {
      return { state: 'unknown', why: 'timeout', signedAtMs, validUntilMs: signedAtMs + VALID_MS };
    }
    const { venueOrderId, status } = held;
    const executedQuantity = format(held.executed);
    return { state: 'accepted', venueOrderId, status, executedQuantity, signedAtMs };
  }

  #take(order: NewOrder, fate: Fate): Held {
    const limit = decimal(order.limitPrice ?? '0');
    const met = order.side === 'BUY' ? limit.gte(this.price) : limit.lte(this.price);
    const waits = fate === 'rest' || order.type === 'STOP_LOSS_LIMIT';
    const open = waits ? Decimal.of(0) : this.liquidity;
    const executed = met ? Decimal.min(open, order.quantity) : Decimal.of(0);
    const held: Held = {
      order,
      venueOrderId: String(9_000 + this.#held.length),
      status: executed.eq(order.quantity) ? 'filled' : waits ? 'open' : 'expired',
      executed,
      hiddenQueries: fate === 'late' ? 2 : 0,
    };
    this.#held.push(held);
    // Two trades where it can, so that nobody relies on one.
    const half = executed.div(2).toDecimalPlaces(5, 'down');
    for (const part of [half, executed.minus(half)]) if (part.gt(0)) this.#trade(held, part);
    return held;
  }

  #trade({ order, venueOrderId }: Held, quantity: Decimal): void {
    const { account, symbol, side } = order;
    const [base = '', quote = ''] = symbol.split('/');
    const worth = quantity.times(this.price);
    const feeAsset = side === 'BUY' ? base : quote;
    const fee = (side === 'BUY' ? quantity : worth).div(1_000);
    const sign = side === 'BUY' ? 1 : -1;
    this.#move(account, base, quantity.times(sign));
    this.#move(account, quote, worth.times(-sign));
    this.#move(account, feeAsset, fee.neg());
    const trade: Trade = {
      tradeId: String(this.#trades.length + 7),
      venueOrderId,
      symbol,
      side,
      quantity: format(quantity),
      price: format(this.price),
      fee: format(fee),
      feeAsset,
      timeMs: this.marketTimeMs,
    };
    this.#trades.push({ account, trade });
  }

  /** The market comes to a resting order: so much of it is executed at the venue's price. */
  fill(clientOrderId: string, quantity: string): void {
    const index = this.#held.findIndex((one) => one.order.clientOrderId === clientOrderId);
    const held = this.#held[index] as Held;
    const executed = held.executed.plus(quantity);
    const status = executed.eq(held.order.quantity) ? 'filled' : 'partially_filled';
    this.#held[index] = { ...held, executed, status };
    this.#trade(held, decimal(quantity));
  }

  async #query(key: OrderKey): Promise<OrderReport> {
    this.queries += 1;
    this.clockMs += this.clockStepMs;
    if (this.down) throw new VenueError('unreachable', 'the venue is away');
    const venueTimeMs = this.#now();
    const held = this.#held.findLast((one) => one.order.clientOrderId === key.clientOrderId);
    if (!held || held.hiddenQueries-- > 0) return { found: false, venueTimeMs };
    const { venueOrderId, status } = held;
    const executedQuantity = format(held.executed);
    return { found: true, venueOrderId, status, executedQuantity, venueTimeMs };
  }

  async #cancel(key: OrderKey): Promise<CancelOutcome> {
    const held = this.#held.findLast((one) => one.order.clientOrderId === key.clientOrderId);
    if (held?.status !== 'open' && held?.status !== 'partially_filled') {
      return { state: 'not_open' };
    }
    held.status = 'cancelled';
    const executedQuantity = format(held.executed);
    return { state: 'cancelled', venueOrderId: held.venueOrderId, executedQuantity };
  }

  async #tradesOf({ account, symbol, venueOrderId }: TradesQuery): Promise<readonly Trade[]> {
    return this.#trades
      .filter((one) => one.account === account && one.trade.symbol === symbol)
      .map((one) => one.trade)
      .filter((trade) => venueOrderId === undefined || trade.venueOrderId === venueOrderId)
      .map((trade) => this.distort(trade));
  }

  async #account(account: string): Promise<AccountReport> {
    const own = [...this.#balances].filter(([key]) => key.startsWith(`${account} `));
    const balances = own.map(([key, amount]) => {
      return { asset: key.slice(account.length + 1), free: format(amount), locked: '0' };
    });
    return { balances };
  }

  #move(account: string, asset: string, amount: Decimal): void {
    const key = `${account} ${asset}`;
    this.#balances.set(key, (this.#balances.get(key) ?? Decimal.of(0)).plus(amount));
  }
}
