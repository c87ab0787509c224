import type { Candle } from '../market/candle.ts';
import type { Instrument } from '../market/instrument.ts';
import { type Absurd, AbsurdPrints, type Neighbours, REMEMBERED_STEPS } from '../market/prints.ts';
import { Accounts } from './accounts.ts';
import { type Conditions, DEFAULT_CONDITIONS } from './conditions.ts';
import { type Amount, amount, ZERO } from './decimals.ts';
import type { MarketEvent, OrderStatus, OrderTerms, TapeMove, TradeRow } from './events.ts';
import { History } from './history.ts';
import {
  type Book,
  buildBook,
  consume,
  EMPTY_BOOK,
  type Match,
  type Side,
  type Steps,
} from './matching.ts';

/** An order and what has become of it. */
export interface OrderRecord {
  readonly terms: OrderTerms;
  status: OrderStatus;
  executed: Amount;
  /** Quote units paid or received, before fees. */
  quoted: Amount;
  updateTimeMs: number;
  /** Market time at which it went to the book; `null`: a stop that was not reached yet. */
  workingTimeMs: number | null;
  readonly trades: TradeRow[];
}

export interface SymbolState {
  readonly instrument: Instrument;
  readonly steps: Steps;
  /** As it stood when somebody last looked. */
  book: Book;
  /** What has changed it since: the market moved, then orders took from it. Worked off only when
   * somebody looks, which is what lets a log of 100,000 lines be read back in about a second. */
  moved: Moved | null;
  readonly taken: { readonly side: Side; readonly matches: readonly Match[] }[];
  /** Goes up by one with every change of the book. */
  bookId: number;
  lastPrice: number | null;
  /** Opening time of the newest candle that moved the book. */
  lastOpenMs: number | null;
  /** What is known of its candles, to doubt a print by. */
  readonly prints: AbsurdPrints;
  /** Candles so far of which not everything was believed. */
  questioned: number;
  /** Where the market stands: the next candle's open, or the close when nobody knows that. */
  standsAt: number | null;
  nextTradeId: number;
}

/** Where the market moved to, and under which conditions a book stands around it. */
interface Moved {
  readonly middle: number;
  readonly volume: number;
  readonly conditions: Conditions;
  /** False: nobody would believe that open, and until its candle has shown whether the market is
   * there, nobody offers anything around it. */
  readonly believed: boolean;
}

/** `BTC/USDT` → `BTCUSDT`: Binance's spelling. */
export function marketId(symbol: string): string {
  return symbol.replace('/', '');
}

/** What cannot be believed of a candle that is about to pass; `null` when all of it can. */
export function questionPrint(symbol: SymbolState, candle: Candle): Absurd | null {
  return symbol.prints.question(candle, neighboursOf(symbol, candle));
}

/** What comes after it is not asked: nothing that is filled now may depend on it. */
function neighboursOf(symbol: SymbolState, candle: Candle): Neighbours {
  const { lastPrice, lastOpenMs } = symbol;
  const lengthMs = candle.closeTimeMs - candle.openTimeMs + 1;
  const stepMs = candle.openTimeMs - (lastOpenMs ?? Number.NEGATIVE_INFINITY);
  const before = stepMs <= REMEMBERED_STEPS * lengthMs ? lastPrice : null;
  return { before, after: null };
}

/** The book of a symbol as it stands now. */
export function bookOf(symbol: SymbolState): Book {
  const { moved, taken, steps } = symbol;
  if (moved !== null) {
    symbol.book = moved.believed ? buildBook(moved, steps, moved.conditions) : EMPTY_BOOK;
    symbol.moved = null;
  }
  for (const { side, matches } of taken) symbol.book = consume(symbol.book, side, matches);
  taken.length = 0;
  return symbol.book;
}

/** Everything the venue knows, as the fold of its log: `apply` is the only writer, for a live act
 * and for a line read back after a crash alike. */
export class VenueState {
  readonly accounts = new Accounts();
  readonly history = new History();
  readonly orders = new Map<number, OrderRecord>();
  /** Open orders only. */
  readonly open = new Map<number, OrderRecord>();
  readonly deposits = new Map<string, MarketEvent & { type: 'deposit' }>();
  conditions: Conditions = DEFAULT_CONDITIONS;
  /** Close of the newest candle; `null` before the first. */
  tapeTimeMs: number | null = null;
  nextOrderId = 1;
  readonly #symbols = new Map<string, SymbolState>();
  readonly #marketIds = new Map<string, string>();
  readonly #byClientId = new Map<string, number>();
  readonly #byAccount = new Map<string, number[]>();
  readonly #keepsPast: boolean;

  /** `keepsPast` false: for a tape of one timeframe in which no candle is told twice, and orders
   * whose ids never repeat. Candles that have passed and orders that are over are forgotten. */
  constructor({ keepsPast = true }: { readonly keepsPast?: boolean } = {}) {
    this.#keepsPast = keepsPast;
  }

  symbols(): readonly SymbolState[] {
    return [...this.#symbols.values()];
  }

  /** By `BTC/USDT`. */
  symbol(symbol: string): SymbolState | undefined {
    return this.#symbols.get(symbol);
  }

  /** A symbol with the book that stood `ago` candles earlier, or the earliest that is kept. */
  symbolAgo(symbol: SymbolState, ago: number): SymbolState {
    const [candle] = this.history.newest(symbol.instrument.symbol, ago + 1);
    if (!candle) return symbol;
    const market = { middle: candle.close, volume: candle.volume };
    const book = buildBook(market, symbol.steps, this.conditions);
    return { ...symbol, book, moved: null, taken: [], bookId: Math.max(symbol.bookId - ago, 1) };
  }

  /** By `BTCUSDT`. */
  market(id: string): SymbolState | undefined {
    return this.#symbols.get(this.#marketIds.get(id) ?? '');
  }

  /** The newest order of that client id. */
  byClientId(account: string, symbol: string, clientOrderId: string): OrderRecord | undefined {
    if (this.#byClientId.size === 0) return undefined;
    return this.orders.get(this.#byClientId.get(clientKey(account, symbol, clientOrderId)) ?? 0);
  }

  /** One account's orders of one symbol, oldest first. */
  ordersOf(account: string, symbol: string): readonly OrderRecord[] {
    const ids = this.#byAccount.get(`${account} ${symbol}`) ?? [];
    return ids.flatMap((id) => this.orders.get(id) ?? []);
  }

  apply(event: MarketEvent): void {
    switch (event.type) {
      case 'conditions':
        this.conditions = event.conditions;
        return;
      case 'instruments':
        for (const instrument of event.instruments) this.#applyInstrument(instrument);
        return;
      case 'deposit':
        this.deposits.set(event.depositId, event);
        this.accounts.apply(event.account, event.balances);
        return;
      case 'order':
        this.place(event);
        return;
      case 'cancel':
        this.#applyCancel(event);
        return;
      case 'tape':
        this.#applyTape(event);
        return;
    }
  }

  #applyInstrument(instrument: Instrument): void {
    const known = this.#symbols.get(instrument.symbol);
    const steps = { tick: amount(instrument.tickSize), lot: amount(instrument.lotSize) };
    const start = {
      book: EMPTY_BOOK,
      moved: null,
      taken: [],
      bookId: 1,
      lastPrice: null,
      lastOpenMs: null,
      prints: new AbsurdPrints(),
      questioned: 0,
      standsAt: null,
      nextTradeId: 1,
    };
    this.#symbols.set(instrument.symbol, { ...(known ?? start), instrument, steps });
    this.#marketIds.set(marketId(instrument.symbol), instrument.symbol);
  }

  /** What an `order` event does; the order as it then stands. */
  place(event: MarketEvent & { type: 'order' }): OrderRecord {
    const { order, trades } = event;
    const record: OrderRecord = {
      terms: order,
      status: 'NEW',
      executed: ZERO,
      quoted: ZERO,
      updateTimeMs: order.timeMs,
      workingTimeMs: order.stopPrice === undefined ? order.timeMs : null,
      trades: [],
    };
    this.orders.set(order.orderId, record);
    this.nextOrderId = order.orderId + 1;
    if (this.#keepsPast) this.#list(order);
    for (const trade of trades) this.#applyTrade(record, trade);
    this.#setStatus(record, event.status);
    this.accounts.apply(order.account, event.balances);
    const symbol = this.#symbols.get(order.symbol);
    if (!symbol || trades.length === 0) return record;
    const matches = trades.map(({ price, quantity }) => ({
      price: amount(price),
      quantity: amount(quantity),
    }));
    symbol.taken.push({ side: order.side, matches });
    symbol.bookId += 1;
    return record;
  }

  #list({ account, symbol, clientOrderId, orderId }: OrderTerms): void {
    this.#byClientId.set(clientKey(account, symbol, clientOrderId), orderId);
    const list = this.#byAccount.get(`${account} ${symbol}`);
    if (list) list.push(orderId);
    else this.#byAccount.set(`${account} ${symbol}`, [orderId]);
  }

  #applyCancel(event: MarketEvent & { type: 'cancel' }): void {
    const record = this.orders.get(event.orderId);
    if (!record) throw new Error(`log cancels order ${event.orderId}, which it never opened`);
    record.updateTimeMs = event.timeMs;
    this.#setStatus(record, 'CANCELED');
    this.accounts.apply(record.terms.account, event.balances);
  }

  #applyTape(event: MarketEvent & { type: 'tape' }): void {
    this.tapeTimeMs = event.timeMs;
    for (const orderId of event.triggered ?? []) {
      const record = this.orders.get(orderId);
      if (!record) throw new Error(`log sets off order ${orderId}, which it never opened`);
      record.workingTimeMs = event.timeMs;
      record.updateTimeMs = event.timeMs;
    }
    for (const trade of event.trades) {
      const record = this.orders.get(trade.orderId);
      if (!record) throw new Error(`log fills order ${trade.orderId}, which it never opened`);
      this.#applyTrade(record, trade);
      const whole = record.executed.gte(record.terms.quantity);
      this.#setStatus(record, whole ? 'FILLED' : 'PARTIALLY_FILLED');
    }
    for (const [account, rows] of Object.entries(event.balances))
      this.accounts.apply(account, rows);
    for (const move of event.moves) this.#applyMove(move);
  }

  /** What a `tape` event of this move alone does, where no order rests. */
  move(timeMs: number, move: TapeMove): void {
    this.tapeTimeMs = timeMs;
    this.#applyMove(move);
  }

  #applyMove(move: TapeMove): void {
    const drivesBook = this.history.leads(move.symbol, move.timeframe);
    if (this.#keepsPast) this.history.add(move);
    const symbol = this.#symbols.get(move.symbol);
    if (!symbol || !drivesBook) return;
    const { nextOpen, candle } = move;
    const middle = nextOpen ?? candle.close;
    const believed = nextOpen === null || symbol.prints.believesOpen(nextOpen, candle.close);
    symbol.moved = { middle, volume: candle.volume, conditions: this.conditions, believed };
    symbol.taken.length = 0;
    symbol.bookId += 1;
    if (symbol.prints.judge(candle, neighboursOf(symbol, candle)) !== null) symbol.questioned += 1;
    symbol.lastOpenMs = move.candle.openTimeMs;
    symbol.lastPrice = move.candle.close;
    symbol.standsAt = middle;
  }

  #applyTrade(record: OrderRecord, trade: TradeRow): void {
    record.trades.push(trade);
    record.executed = record.executed.plus(trade.quantity);
    record.quoted = record.quoted.plus(amount(trade.price).times(trade.quantity));
    record.updateTimeMs = trade.timeMs;
    const symbol = this.#symbols.get(record.terms.symbol);
    if (symbol) symbol.nextTradeId = Math.max(symbol.nextTradeId, trade.tradeId + 1);
  }

  #setStatus(record: OrderRecord, status: OrderStatus): void {
    record.status = status;
    const { orderId } = record.terms;
    if (status === 'NEW' || status === 'PARTIALLY_FILLED') this.open.set(orderId, record);
    else {
      this.open.delete(orderId);
      if (!this.#keepsPast) this.orders.delete(orderId);
    }
  }
}

function clientKey(account: string, symbol: string, clientOrderId: string): string {
  return `${account} ${symbol} ${clientOrderId}`;
}
