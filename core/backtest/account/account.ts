import type { Holdings } from '../../assistants/snapshot.ts';
import { TIMEFRAMES } from '../../market/candle.ts';
import type { Instrument } from '../../market/instrument.ts';
import { format, observedText, positive } from '../../market/money.ts';
import type { OrderInput, OrderOutcome } from '../../orders/leg.ts';
import { saleOverStops } from '../../orders/sale.ts';
import { tradeInSlices } from '../../orders/slices.ts';
import { firstDeposit } from '../../portfolio/first-deposit.ts';
import { parseRiskLimits, type RiskLimits } from '../../risk/limits.ts';
import { type Conditions, DEFAULT_CONDITIONS } from '../../venue/conditions.ts';
import type { TradeRow } from '../../venue/events.ts';
import type { FillRecord, OrderRecord, Trade } from '../result.ts';
import type { BooksView } from '../strategy.ts';
import { Books } from './books.ts';
import { Closes } from './closes.ts';
import { Facts } from './facts.ts';
import { Guards, type LastFill, VENUE } from './guards.ts';
import { ACCOUNT, PaperMarket } from './market.ts';
import { type Attempt, type JudgedLeg, OrderDesk } from './orders.ts';
import type { AccountOptions, MarketClose, OrderWish } from './terms.ts';
import { TradeBook } from './trades.ts';

interface Valued {
  readonly symbol: string;
  readonly quantity: number;
}

/** An account as the loop of a backtest works with it. At every close of the clock, in this order:
 * `meet`, then (where anything is decided) `mark`, the books, `trade`; at the end `finish`. */
export interface AccountBooks extends BooksView {
  /** Guards look at what was traded last, resting orders meet the candle and the next open, guards
   * pass the candle and do what follows. */
  meet(close: MarketClose): void;
  /** Has the guards of these markets see all that has passed, and values their positions at these
   * closes (quote per base, by symbol): before any books are read for a decision. Throws
   * `RangeError` at any time but that of the newest close. */
  mark(timeMs: number, closes: ReadonlyMap<string, number>): void;
  /** The order path of one decision, its guard included; what all its slices came to. */
  trade(wish: OrderWish): OrderRecord;
  /** Quote units, marked to the newest closes. An observation. */
  equity(): number;
  /** Worth of all positions / equity, 0 … 1. */
  exposure(): number;
  /** The tape is over: guards look once more, and what is open is valued at its last close. */
  finish(): void;
}

/** One paper user's account in memory: what Postgres, the workflows of orders and guards, and the
 * paper venue do together. */
export class Account implements AccountBooks {
  /** Paid in before the first close, decimal strings by quote asset. */
  readonly capital: Readonly<Record<string, string>>;
  readonly conditions: Conditions;
  readonly limits: RiskLimits;
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #closes: Closes;
  readonly #books = new Books();
  readonly #facts: Facts;
  readonly #market: PaperMarket;
  readonly #desk: OrderDesk;
  readonly #guards: Guards;
  readonly #trades = new TradeBook();
  readonly #keepsOrders: boolean;
  readonly #orders: OrderRecord[] = [];
  readonly #fills: FillRecord[] = [];
  /** Where a leg's record stands in `#orders`. */
  readonly #places = new Map<string, number>();
  readonly #lastFills = new Map<string, LastFill>();
  readonly #marks = new Map<string, number>();
  #timeMs = Number.NaN;
  #wishes = 0;
  /** Whether anything was sent for the newest wish, or refused on the way. */
  #pursued = false;
  #valuedAt = -1;
  #cash = 0;
  #held: readonly Valued[] = [];

  /** Throws `RangeError` when it has no market, money that is not positive, or quote assets whose
   * sums would mean nothing; `RiskLimitsError` on limits that cannot be used. */
  constructor(options: AccountOptions) {
    const { markets, timeframe, conditions, limits, keeps = 'everything' } = options;
    this.#keepsOrders = keeps === 'everything';
    const instruments = markets.map(({ instrument }) => instrument);
    this.capital = capitalOf(instruments, options.capital ?? {});
    this.conditions = { ...DEFAULT_CONDITIONS, ...conditions };
    this.limits = parseRiskLimits(limits ?? {});
    this.#instruments = new Map(instruments.map((one) => [one.symbol, one]));
    const series = markets.map(({ instrument, candles }) => [instrument.symbol, candles] as const);
    this.#closes = new Closes(new Map(series), TIMEFRAMES[timeframe]);
    for (const [asset, amount] of Object.entries(this.capital)) this.#books.deposit(asset, amount);
    this.#facts = new Facts(this.#books, this.#closes);
    const deposits = this.capital;
    const terms = { instruments, timeframe, deposits, conditions: this.conditions };
    this.#market = new PaperMarket(terms);
    const shared = {
      books: this.#books,
      facts: this.#facts,
      market: this.#market,
      limits: this.limits,
      instruments: this.#instruments,
    };
    const events = { ended: this.#ended.bind(this), filled: this.#filled.bind(this) };
    this.#desk = new OrderDesk({ ...shared, events });
    const lastFill = (symbol: string) => this.#lastFills.get(symbol) ?? null;
    this.#guards = new Guards({ ...shared, desk: this.#desk, timeframe, lastFill });
  }

  meet(close: MarketClose): void {
    this.#timeMs = close.timeMs;
    this.#guards.settle();
    const trades = this.#market.pass(close);
    if (trades.length > 0) this.#desk.hear(trades);
    const guarded = this.#guards.open > 0;
    for (const entry of close.entries) {
      this.#closes.tell(entry);
      if (guarded) this.#guards.take(entry);
    }
    if (guarded) this.#guards.settle();
  }

  mark(timeMs: number, closes: ReadonlyMap<string, number>): void {
    if (timeMs !== this.#timeMs) {
      throw new RangeError(`timeMs must be the newest close, ${this.#timeMs}, was ${timeMs}`);
    }
    if (this.#guards.open > 0) this.#guards.catchUp(closes.keys());
    for (const [symbol, close] of closes) {
      this.#marks.set(symbol, close);
      this.#books.mark(symbol, close);
    }
  }

  /** As a snapshot shows them, at the close last marked. */
  holdings(symbol: string): Holdings {
    const open = this.#desk.live(({ parameters }) => parameters.symbol === symbol);
    const close = this.#marks.get(symbol) ?? this.#closes.last(symbol);
    return this.#facts.holdings(this.#instrument(symbol), close, open.length);
  }

  entryPrice(symbol: string): number | null {
    if (this.#books.sellable(symbol) === '0') return null;
    return Number(this.#books.position(symbol).entryPrice);
  }

  sellable(symbol: string): string {
    return this.#books.sellable(symbol);
  }

  trade(wish: OrderWish): OrderRecord {
    const leg = this.#legOf(wish);
    this.#pursued = false;
    const outcome = wish.side === 'SELL' ? this.#exit(leg) : this.#trade(leg);
    this.#guards.afterLeg(leg, outcome, wish);
    const record = recordOf(leg, outcome);
    // Where no order was made of it, nobody has told of its end.
    if (!this.#pursued && this.#keepsOrders) this.#orders.push(record);
    return record;
  }

  equity(): number {
    return this.#cashNow() + this.#worth();
  }

  exposure(): number {
    const cash = this.#cashNow();
    if (this.#held.length === 0) return 0;
    const worth = this.#worth();
    return worth / (cash + worth);
  }

  /** Every leg that was asked for, in the order asked; none, where orders are not kept. */
  get orders(): readonly OrderRecord[] {
    return this.#orders;
  }

  get fills(): readonly FillRecord[] {
    return this.#fills;
  }

  /** Those that ended; `finish` adds what is still open. */
  get trades(): readonly Trade[] {
    return this.#trades.ended;
  }

  /** Candles of which the market did not believe everything. */
  get questionedPrints(): number {
    return this.#market.questionedPrints;
  }

  /** Free and reserved by our books and by the venue's, decimal strings by asset: the two are
   * equal. */
  balances(): readonly { asset: string; ours: readonly string[]; venue: readonly string[] }[] {
    const theirs = this.#market.balances();
    return this.#books.assets().map((asset) => {
      const { available, reserved } = this.#books.balance(asset);
      const { free, locked } = theirs.get(asset) ?? { free: '0', locked: '0' };
      return { asset, ours: [format(available), format(reserved)], venue: [free, locked] };
    });
  }

  finish(): void {
    this.#guards.settle();
    this.#trades.finish((symbol) => observedText(this.#closes.last(symbol)));
  }

  #exit(leg: JudgedLeg): OrderOutcome {
    const sale = saleOverStops();
    let next = sale.next();
    while (next.done !== true) {
      const step = next.value;
      if (step.type === 'resting') next = sale.next(this.#desk.resting(leg.symbol));
      else if (step.type === 'sell') next = sale.next(this.#trade(leg));
      else {
        this.#desk.recall(step.clientOrderId);
        next = sale.next();
      }
    }
    return next.value;
  }

  #trade(leg: JudgedLeg): OrderOutcome {
    const slices = tradeInSlices(leg);
    let next = slices.next();
    while (next.done !== true) {
      const step = next.value;
      next = slices.next(
        step.type === 'look' ? this.#desk.look(step.wish, step.slice) : this.#desk.pursue(step.leg),
      );
    }
    return next.value;
  }

  #legOf(wish: OrderWish): JudgedLeg {
    this.#wishes += 1;
    const { symbol, side, closeTimeMs, confidenceBp, volatility20 } = wish;
    return {
      namespace: '',
      legId: String(this.#wishes),
      cause: { kind: 'decision', id: String(this.#wishes) },
      leg: 0,
      purpose: side === 'BUY' ? 'entry' : 'exit',
      ...{ userId: ACCOUNT, venue: VENUE, symbol, side, closeTimeMs, confidenceBp },
      referencePrice: observedText(wish.close),
      volatility20,
    };
  }

  #ended(leg: OrderInput, outcome: OrderOutcome): void {
    if (leg.cause.kind === 'decision') this.#pursued = true;
    if (!this.#keepsOrders) return;
    const record = recordOf(leg, outcome);
    const place = this.#places.get(leg.legId);
    if (place !== undefined) this.#orders[place] = record;
    else this.#places.set(leg.legId, this.#orders.push(record) - 1);
    if (outcome.state !== 'resting') this.#places.delete(leg.legId);
  }

  #filled({ leg, parameters }: Attempt, trade: TradeRow): void {
    const { symbol, purpose } = leg;
    const { quantity, price, fee, feeAsset, timeMs } = trade;
    const fill = { symbol, side: parameters.side, purpose, timeMs, quantity, price, fee, feeAsset };
    this.#fills.push(fill);
    this.#lastFills.set(symbol, { price, marketTimeMs: timeMs, purpose });
    const { base } = this.#instrument(symbol);
    this.#trades.add(fill, base, this.#books.sellable(symbol));
  }

  #cashNow(): number {
    if (this.#valuedAt === this.#books.version) return this.#cash;
    this.#valuedAt = this.#books.version;
    const quotes = Object.keys(this.capital);
    this.#cash = quotes.reduce((sum, quote) => {
      const { available, reserved } = this.#books.balance(quote);
      return sum + available.toNumber() + reserved.toNumber();
    }, 0);
    this.#held = quotes
      .flatMap((quote) => this.#books.heldIn(quote))
      .map(({ symbol, quantity }) => ({ symbol, quantity: Number(quantity) }));
    return this.#cash;
  }

  #worth(): number {
    let worth = 0;
    for (const { symbol, quantity } of this.#held) worth += quantity * this.#closes.last(symbol);
    return worth;
  }

  #instrument(symbol: string): Instrument {
    const instrument = this.#instruments.get(symbol);
    if (instrument === undefined) throw new RangeError(`${symbol} is no market of this account`);
    return instrument;
  }
}

/** Quote assets that are worth about the same, so that their sum means something. */
const OTHER_MONEY = ['BTC', 'ETH', 'BNB'];

function capitalOf(
  instruments: readonly Instrument[],
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const quotes = [...new Set(instruments.map(({ quote }) => quote))];
  if (quotes.length === 0) throw new RangeError('an account must have a market, had none');
  if (quotes.length > 1 && quotes.some((quote) => OTHER_MONEY.includes(quote))) {
    throw new RangeError(`quote assets must be of about one worth, were ${quotes.join(', ')}`);
  }
  const strange = Object.keys(given).filter((asset) => !quotes.includes(asset));
  if (strange.length > 0) {
    const known = `${quotes.join(', ')}`;
    throw new RangeError(`capital must be in ${known}, was in ${strange.join(', ')}`);
  }
  return Object.fromEntries(
    quotes.map((quote) => {
      const amount = given[quote] ?? firstDeposit(quote);
      positive(amount, `capital in ${quote}`);
      return [quote, amount];
    }),
  );
}

function recordOf(leg: OrderInput, outcome: OrderOutcome): OrderRecord {
  const { symbol, side, purpose, closeTimeMs: decidedAtMs } = leg;
  const { quantity, limitPrice, executedQuantity, averagePrice, state, reason } = outcome;
  return {
    symbol,
    side,
    purpose,
    decidedAtMs,
    quantity,
    limitPrice,
    stopPrice: leg.stopPrice ?? null,
    estimatedPrice: leg.estimatedPrice ?? null,
    executedQuantity,
    averagePrice,
    state,
    reason,
  };
}
