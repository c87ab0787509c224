import type { Candle } from '../../core/market/candle.ts';
import { TIMEFRAMES } from '../../core/market/candle.ts';
import { type Instrument, isSymbol } from '../../core/market/instrument.ts';
import {
  checkAccount,
  checkDepth,
  checkOrder,
  checkPositive,
  checkTrades,
  type Expected,
  nonsense,
} from './binance-replies.ts';
import { decimalText, sameDecimal, stepText } from './decimal-text.ts';
import {
  type Exchange,
  Fenced,
  type Hearing,
  RECV_WINDOW_MS,
  runAsk,
  runSend,
  type Sending,
} from './exchange.ts';
import { openOrderFrom, reasonOf, statusFrom, tradeFrom, venueError } from './from-ccxt.ts';
import {
  type AccountReport,
  type CancelOutcome,
  type Depth,
  type KlinesQuery,
  type NewOrder,
  type OpenOrder,
  type OrderKey,
  type OrderReport,
  type SendOutcome,
  type Trade,
  type TradesQuery,
  VenueError,
} from './port.ts';
import { isRefusal } from './refusals.ts';

const TICK_SIZE_MODE = 4;

/** The venue port's verbs on one ccxt client (one account, or none for public data). Numbers are
 * exact text. Questions throw `VenueError`; a send and a cancel say what became of them. */
export class CcxtVenue {
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Sends one order once. `mayLeave` is asked after the signature and right before the bytes
   * leave. */
  async newOrder(order: NewOrder, mayLeave: Sending['mayLeave']): Promise<SendOutcome> {
    const misfit = await this.#misfit(order).catch((error: unknown) => reasonOf(error));
    if (misfit !== null) return { state: 'refused', why: misfit };
    const sending: Sending = { mayLeave, signedAtMs: this.#clockMs(), left: false, answer: null };
    try {
      const placed = await runSend(sending, () => this.#createOrder(order));
      const { side, quantity } = order;
      this.#checkOrder(placed.info, { ...this.#expected(order), side, quantity });
      return {
        state: 'accepted',
        venueOrderId: idOf(placed.id),
        status: statusFrom(placed),
        executedQuantity: decimalText(placed.filled),
        signedAtMs: sending.signedAtMs,
      };
    } catch (error) {
      return this.#classify(sending, error);
    }
  }

  /** Asks twice around a look at the venue's clock before it says that there is no such order, so
   * that `venueTimeMs` is a time at which the order was certainly not there. */
  async queryOrder(key: OrderKey): Promise<OrderReport> {
    const found = (await this.#findOrder(key)) ?? null;
    if (found) return found;
    const venueTimeMs = await this.timeMs();
    return (await this.#findOrder(key)) ?? { found: false, venueTimeMs };
  }

  async cancelOrder({ symbol, clientOrderId }: OrderKey): Promise<CancelOutcome> {
    const hearing: Hearing = { answer: null };
    try {
      const params = { clientOrderId };
      const cancelled = await runAsk(hearing, () =>
        this.exchange.cancelOrder(clientOrderId, symbol, params),
      );
      this.#checkOrder(cancelled.info, this.#expected({ symbol, clientOrderId }));
      return {
        state: 'cancelled',
        venueOrderId: idOf(cancelled.id),
        executedQuantity: decimalText(cancelled.filled),
      };
    } catch (error) {
      if (isNotFound(error, hearing)) return { state: 'not_open' };
      return { state: 'unknown', why: reasonOf(error) };
    }
  }

  async openOrders(symbol?: string): Promise<readonly OpenOrder[]> {
    const orders = await this.#ask(() => this.exchange.fetchOpenOrders(symbol));
    const own = symbol === undefined ? undefined : this.#expected({ symbol });
    for (const { info } of orders) this.#checkOrder(info, own);
    return believed(() => orders.map(openOrderFrom));
  }

  async trades({ symbol, limit, ...query }: TradesQuery): Promise<readonly Trade[]> {
    const params = {
      ...(query.venueOrderId === undefined ? {} : { orderId: query.venueOrderId }),
      ...(query.fromTradeId === undefined ? {} : { fromId: query.fromTradeId }),
    };
    const rows = await this.#ask(() =>
      this.exchange.fetchMyTrades(symbol, undefined, limit ?? 500, params),
    );
    if (this.#isBinance) {
      const id = String(this.exchange.market(symbol).id);
      const infos = rows.map(({ info }) => info as unknown);
      checkTrades(infos, { symbol: id, orderId: query.venueOrderId });
    }
    return believed(() => rows.map(tradeFrom));
  }

  async account(): Promise<AccountReport> {
    const report = await this.#ask(() => this.exchange.fetchBalance());
    if (this.#isBinance) checkAccount(report.info);
    const free = partOf(report.free);
    const used = partOf(report.used);
    const balances = Object.keys(free).map((asset) => ({
      asset,
      free: decimalText(free[asset]),
      locked: decimalText(used[asset]),
    }));
    return { balances };
  }

  async depth(symbol: string, levels = 20): Promise<Depth> {
    const hearing: Hearing = { answer: null };
    const { bids, asks } = await this.#ask(() =>
      runAsk(hearing, () => this.exchange.fetchOrderBook(symbol, levels)),
    );
    if (this.#isBinance) checkDepth(hearing.body);
    const side = (rows: readonly (readonly unknown[])[]) =>
      rows.slice(0, levels).map(([price, quantity]) => ({
        price: decimalText(checkPositive(price)),
        quantity: decimalText(checkPositive(quantity)),
      }));
    return believed(() => ({ bids: side(bids), asks: side(asks) }));
  }

  async klines({ symbol, timeframe, sinceMs, limit }: KlinesQuery): Promise<readonly Candle[]> {
    const rows = await this.#ask(() =>
      this.exchange.fetchOHLCV(symbol, timeframe, sinceMs, limit ?? 500),
    );
    return rows.map(([openTime, open, high, low, close, volume]) => {
      const openTimeMs = Number(openTime);
      const closeTimeMs = openTimeMs + TIMEFRAMES[timeframe] - 1;
      const prices = { open: Number(open), high: Number(high), low: Number(low) };
      const candle = { ...prices, close: Number(close), volume: Number(volume) };
      const isSound = Object.values(candle).every((value) => Number.isFinite(value) && value >= 0);
      if (!isSound || !Number.isSafeInteger(openTimeMs)) throw nonsense('it holds no candle');
      return { openTimeMs, closeTimeMs, ...candle };
    });
  }

  /** Spot symbols the exchange trades now, in Corro's spelling. */
  async instruments(reload: boolean): Promise<readonly Instrument[]> {
    const { exchange } = this;
    const markets = await this.#ask(() => exchange.loadMarkets(reload));
    const isTickSize = exchange.precisionMode === TICK_SIZE_MODE;
    return Object.values(markets).flatMap((market) => {
      if (!market?.spot || market.active === false || !isSymbol(market.symbol)) return [];
      return {
        symbol: market.symbol,
        base: market.base,
        quote: market.quote,
        tickSize: stepText(market.precision.price, isTickSize),
        lotSize: stepText(market.precision.amount, isTickSize),
        minNotional: decimalText(market.limits.cost?.min),
      };
    });
  }

  async timeMs(): Promise<number> {
    const time = await this.#ask(() => this.exchange.fetchTime());
    if (!Number.isSafeInteger(Number(time)) || Number(time) <= 0)
      throw nonsense('it tells no time');
    return Number(time);
  }

  /** Loads the symbol list, and once more when `symbol` is not in it: it may be new. */
  async knows(symbol: string): Promise<boolean> {
    const { exchange } = this;
    if (exchange.markets === undefined) await this.#ask(() => exchange.loadMarkets());
    if (Object.hasOwn(exchange.markets ?? {}, symbol)) return true;
    await this.#ask(() => exchange.loadMarkets(true));
    return Object.hasOwn(exchange.markets ?? {}, symbol);
  }

  #createOrder(order: NewOrder) {
    const { symbol, side, type, quantity, limitPrice, timeInForce, clientOrderId } = order;
    const params = {
      clientOrderId,
      ...(timeInForce === null ? {} : { timeInForce }),
      ...(order.stopPrice === null ? {} : { triggerPrice: order.stopPrice }),
    };
    // Exact text goes through ccxt unharmed; its types know numbers only.
    const [amount, price] = [quantity, limitPrice ?? undefined] as unknown as [number, number];
    // ccxt's word for STOP_LOSS_LIMIT is a limit order with a trigger price.
    const plain = type === 'MARKET' ? 'market' : 'limit';
    const [kind, way] = [plain, side.toLowerCase()] as ['limit', 'buy'];
    return this.exchange.createOrder(symbol, kind, way, amount, price, params);
  }

  /** ccxt rounds a quantity and a price onto the symbol's steps in silence; an approved order is
   * sent as it was approved or not at all. */
  async #misfit({ symbol, quantity, ...order }: NewOrder): Promise<string | null> {
    if (!(await this.knows(symbol))) return `the venue has no symbol ${symbol}`;
    const { exchange } = this;
    if (!sameDecimal(String(exchange.amountToPrecision(symbol, quantity)), quantity)) {
      return `quantity must be a multiple of the lot, was ${quantity}`;
    }
    const prices = { 'limit price': order.limitPrice, 'stop price': order.stopPrice };
    for (const [name, price] of Object.entries(prices)) {
      if (price === null) continue;
      if (sameDecimal(String(exchange.priceToPrecision(symbol, price)), price)) continue;
      return `${name} must be a multiple of the tick, was ${price}`;
    }
    return null;
  }

  #classify(sending: Sending, error: unknown): SendOutcome {
    const { signedAtMs, answer, left } = sending;
    if (error instanceof Fenced) return { state: 'refused', why: error.message };
    if (!left) return { state: 'refused', why: reasonOf(error) };
    if (answer && isRefusal(this.exchange.id, answer)) {
      return { state: 'rejected', code: answer.code, text: answer.text };
    }
    const why = reasonOf(error);
    return { state: 'unknown', why, signedAtMs, validUntilMs: signedAtMs + RECV_WINDOW_MS };
  }

  async #findOrder({ symbol, clientOrderId }: OrderKey): Promise<OrderReport | null> {
    if (!(await this.knows(symbol))) {
      throw new VenueError('invalid', `the venue has no symbol ${symbol}`);
    }
    const hearing: Hearing = { answer: null };
    try {
      const params = { clientOrderId };
      const order = await runAsk(hearing, () =>
        this.exchange.fetchOrder(clientOrderId, symbol, params),
      );
      this.#checkOrder(order.info, this.#expected({ symbol, clientOrderId }));
      return {
        found: true,
        venueOrderId: idOf(order.id),
        status: statusFrom(order),
        executedQuantity: decimalText(order.filled),
        venueTimeMs: this.#clockMs(),
      };
    } catch (error) {
      if (isNotFound(error, hearing)) return null;
      throw venueError(error);
    }
  }

  async #ask<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw venueError(error);
    }
  }

  get #isBinance(): boolean {
    return this.exchange.id === 'binance';
  }

  #expected({ symbol, clientOrderId }: { symbol: string; clientOrderId?: string }): Expected {
    const id = String(this.exchange.market(symbol).id);
    return clientOrderId === undefined ? { symbol: id } : { symbol: id, clientOrderId };
  }

  /** Only the dialects that were studied can be checked. */
  #checkOrder(info: unknown, expected?: Expected): void {
    if (this.#isBinance) checkOrder(info, expected);
  }

  /** The venue's clock as ccxt reckons it. */
  #clockMs(): number {
    return this.exchange.nonce();
  }
}

function partOf(part: unknown): Readonly<Record<string, unknown>> {
  return (part ?? {}) as Readonly<Record<string, unknown>>;
}

/** Only the venue's own word for it, in a refusal that can be read. */
function isNotFound(error: unknown, { answer }: Hearing): boolean {
  if (!(error instanceof Error) || error.name !== 'OrderNotFound' || answer === null) return false;
  return answer.status >= 400 && answer.status < 500 && /^-201[13]$/.test(answer.code);
}

/** What is not what it should be is the venue's fault, not a bug of ours. */
function believed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof VenueError ? error : nonsense(String(error));
  }
}

function idOf(id: unknown): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new VenueError('venue', 'the venue named no order id');
}
