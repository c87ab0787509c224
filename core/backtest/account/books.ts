import type { Instrument } from '../../market/instrument.ts';
import {
  type AmountValue,
  Decimal,
  decimal,
  fromObservation,
  MAX_SCALE,
  positive,
} from '../../market/money.ts';
import { movedBy } from '../../portfolio/ledger.ts';
import { applyFill, FLAT, type Position } from '../../portfolio/position.ts';
import type { AtRisk } from '../../risk/books.ts';
import type { TradeRow } from '../../venue/events.ts';
import { DAY_MS } from './closes.ts';

interface Balance {
  available: Decimal;
  reserved: Decimal;
  /** Both together, once somebody has asked since the last change. */
  total: Decimal | null;
}

interface Reserve {
  readonly asset: string;
  amount: Decimal;
}

/** A position as the books show it: what is held, and the price it was last valued at. */
interface Held extends Position {
  readonly instrument: Instrument;
  readonly currentPrice: Decimal;
  readonly worth: Decimal;
  readonly sellable: string;
}

const NOTHING = Decimal.of(0);

/** One user's ledger, positions and peaks in memory: the sums of the entries that Postgres keeps,
 * without the entries. */
export class Books {
  readonly #balances = new Map<string, Balance>();
  readonly #positions = new Map<string, Held>();
  readonly #peaks = new Map<string, Decimal>();
  /** What all positions of a quote asset are worth, by quote asset. */
  readonly #worths = new Map<string, Decimal>();
  /** What each leg still holds, by leg id. */
  readonly #reserves = new Map<string, Reserve>();
  /** What there was of each asset when the newest day with a trade began, deposits included. */
  readonly #dayTotals = new Map<string, Decimal>();
  /** What `dayStartEquity` last said, by quote asset. */
  readonly #dayStarts = new Map<
    string,
    { readonly dayStartMs: number; readonly traded: number; readonly equity: Decimal }
  >();
  #day = Number.NEGATIVE_INFINITY;
  #entries = 0;
  #changes = 0;

  /** Goes up with every trade and every deposit. */
  get version(): number {
    return this.#entries;
  }

  /** Goes up with every change, the least. */
  get changes(): number {
    return this.#changes;
  }

  deposit(asset: string, amount: string): void {
    this.#entries += 1;
    this.#add(asset, 'available', positive(amount));
    this.#peaks.set(asset, (this.#peaks.get(asset) ?? NOTHING).plus(amount));
  }

  reserve(legId: string, asset: string, amount: AmountValue): void {
    const reserved = positive(amount);
    this.#add(asset, 'available', reserved.neg());
    this.#add(asset, 'reserved', reserved);
    this.#reserves.set(legId, { asset, amount: reserved });
  }

  /** Gives back what a leg still holds. */
  release(legId: string): void {
    const rest = this.#reserves.get(legId);
    this.#reserves.delete(legId);
    if (rest === undefined || rest.amount.isZero()) return;
    const { asset, amount } = rest;
    this.#add(asset, 'reserved', amount.neg());
    this.#add(asset, 'available', amount);
  }

  reservedFor(legId: string): Readonly<Reserve> | null {
    const own = this.#reserves.get(legId);
    return own === undefined || own.amount.isZero() ? null : own;
  }

  /** Books one trade: ledger, position, peak. */
  book(
    legId: string,
    instrument: Instrument,
    trade: TradeRow & { readonly side: 'BUY' | 'SELL' },
  ): void {
    const { symbol, base, quote } = instrument;
    const { side, quantity, price, fee, feeAsset } = trade;
    this.#beginDay(trade.timeMs);
    this.#entries += 1;
    const reserve = this.#reserves.get(legId);
    const reserved = reserve?.amount ?? NOTHING;
    const fill = { side, base, quote, quantity, price, fee, feeAsset };
    const { paid, got, fromReserve, fee: kept } = movedBy({ ...fill, reserved });
    this.#add(paid.asset, 'reserved', fromReserve.neg());
    this.#add(paid.asset, 'available', fromReserve.minus(paid.amount));
    this.#add(got.asset, 'available', feeAsset === got.asset ? got.amount.minus(kept) : got.amount);
    if (feeAsset !== got.asset) this.#add(feeAsset, 'available', kept.neg());
    if (reserve) reserve.amount = reserve.amount.minus(fromReserve);
    const after = applyFill(this.#positions.get(symbol) ?? FLAT, fill);
    this.#hold(symbol, { ...after, instrument }, decimal(price));
  }

  /** Values a position at a close; nothing happens where none is held. */
  mark(symbol: string, close: number): void {
    const held = this.#positions.get(symbol);
    if (held === undefined || held.quantity === '0') return;
    const price = fromObservation(close);
    if (!price.eq(held.currentPrice)) this.#hold(symbol, held, price);
  }

  position(symbol: string): Position {
    return this.#positions.get(symbol) ?? FLAT;
  }

  /** Base units that can be sold in lots, `0` when there are less. */
  sellable(symbol: string): string {
    return this.#positions.get(symbol)?.sellable ?? '0';
  }

  balance(asset: string): Readonly<Pick<Balance, 'available' | 'reserved'>> {
    return this.#balances.get(asset) ?? NO_BALANCE;
  }

  assets(): readonly string[] {
    return [...this.#balances.keys()];
  }

  peak(quote: string): Decimal {
    return this.#peaks.get(quote) ?? NOTHING;
  }

  /** What is held of a quote asset's markets, the least remainder too. */
  heldIn(quote: string): readonly (AtRisk & Pick<Position, 'quantity'>)[] {
    const held = [...this.#positions].filter(([, { instrument, quantity }]) => {
      return instrument.quote === quote && quantity !== '0';
    });
    return held.map(([symbol, { quantity, worth }]) => ({ symbol, quantity, value: worth }));
  }

  /** What all positions of the instrument's quote asset but its own are worth, quote units. */
  elsewhere({ symbol, quote }: Instrument): Decimal {
    if (this.#positions.size === 1 && this.#positions.has(symbol)) return NOTHING;
    const all = this.#worths.get(quote) ?? NOTHING;
    return all.minus(this.#positions.get(symbol)?.worth ?? NOTHING);
  }

  /** Equity at 00:00 UTC of a day in its quote asset, plus what was paid in since.
   * `closeBefore`: the last close before that day; `null` without one, and then the position counts
   * at its current price. */
  dayStartEquity(
    quote: string,
    dayStartMs: number,
    closeBefore: (symbol: string) => string | null,
  ): Decimal {
    const known = this.#dayStarts.get(quote);
    const traded = this.#positions.size;
    if (known?.dayStartMs === dayStartMs && known.traded === traded) return known.equity;
    const day = dayStartMs / DAY_MS;
    const had = (asset: string): Decimal =>
      day > this.#day ? this.#total(asset) : (this.#dayTotals.get(asset) ?? NOTHING);
    let equity = had(quote);
    let settled = true;
    for (const [symbol, { currentPrice, instrument }] of this.#positions) {
      if (instrument.quote !== quote) continue;
      const base = had(instrument.base);
      if (base.isZero()) continue;
      const close = closeBefore(symbol);
      settled &&= close !== null;
      equity = equity.plus(base.times(close ?? currentPrice));
    }
    // Nothing of a day that has begun changes what it began with.
    if (settled) this.#dayStarts.set(quote, { dayStartMs, traded, equity });
    return equity;
  }

  #beginDay(timeMs: number): void {
    const day = Math.floor(timeMs / DAY_MS);
    if (day <= this.#day) return;
    this.#day = day;
    for (const asset of this.#balances.keys()) this.#dayTotals.set(asset, this.#total(asset));
  }

  #total(asset: string): Decimal {
    const balance = this.#balances.get(asset);
    if (balance === undefined) return NOTHING;
    balance.total ??= balance.available.plus(balance.reserved);
    return balance.total;
  }

  #add(asset: string, account: 'available' | 'reserved', amount: Decimal): void {
    if (amount.isZero()) return;
    this.#changes += 1;
    const balance = this.#balances.get(asset) ?? { ...NO_BALANCE };
    this.#balances.set(asset, balance);
    const after = balance[account].plus(amount);
    balance[account] = after;
    balance.total = null;
    if (after.isNegative()) {
      throw new Error(`${account} ${asset} must not be negative, was ${after.toFixed()}`);
    }
  }

  #hold(symbol: string, held: Position & Pick<Held, 'instrument'>, currentPrice: Decimal): void {
    this.#changes += 1;
    const { quantity: text, entryPrice, realisedPnl, instrument } = held;
    const { quote, lotSize } = instrument;
    const quantity = decimal(text);
    const sellable = quantity.lt(decimal(lotSize)) ? '0' : text;
    // As Postgres rounds it: never, where the steps of price and quantity are those of a market.
    const worth = quantity.times(currentPrice).toDecimalPlaces(MAX_SCALE, 'half-up');
    const all = this.elsewhere(instrument).plus(worth);
    this.#worths.set(quote, all);
    const position = { quantity: text, entryPrice, realisedPnl, instrument };
    this.#positions.set(symbol, { ...position, currentPrice, worth, sellable });
    const equity = this.#total(quote).plus(all);
    if (equity.gt(this.#peaks.get(quote) ?? NOTHING)) this.#peaks.set(quote, equity);
  }
}

const NO_BALANCE: Readonly<Balance> = { available: NOTHING, reserved: NOTHING, total: null };
