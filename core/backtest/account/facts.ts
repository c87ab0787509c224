import type { Holdings } from '../../assistants/snapshot.ts';
import type { Instrument } from '../../market/instrument.ts';
import {
  type AmountValue,
  atMostScale,
  type Decimal,
  decimal,
  observedText,
} from '../../market/money.ts';
import type { OrderInput } from '../../orders/leg.ts';
import { holdingsOf, riskFactsOf } from '../../risk/books.ts';
import type { RiskFacts } from '../../risk/facts.ts';
import type { Books } from './books.ts';
import { type Closes, DAY_MS } from './closes.ts';

const MINUTE_MS = 60_000;
const FRACTION_TO_BPS = 10_000;

/** What the risk rules ask about beside the ledger, as it is remembered in memory. */
export class Facts {
  readonly #books: Books;
  readonly #closes: Closes;
  /** Market times of purchases that were prepared, newest last. */
  #purchases: { readonly legId: string; readonly timeMs: number }[] = [];
  /** What a snapshot was last shown, by symbol. */
  readonly #shown = new Map<
    string,
    {
      readonly changes: number;
      readonly close: number;
      readonly openOrders: number;
      readonly holdings: Holdings;
    }
  >();
  readonly #cooldowns = new Map<string, number>();

  constructor(books: Books, closes: Closes) {
    this.#books = books;
    this.#closes = closes;
  }

  /** A purchase was prepared. */
  bought(legId: string, timeMs: number): void {
    this.#purchases = this.#purchases.filter((one) => one.timeMs > timeMs - MINUTE_MS);
    this.#purchases.push({ legId, timeMs });
  }

  /** A guard closed: nothing is bought in the symbol before `untilMs`. */
  cool(symbol: string, untilMs: number): void {
    this.#cooldowns.set(symbol, Math.max(untilMs, this.#cooldowns.get(symbol) ?? 0));
  }

  /** The books as the risk rules see them for one leg. `volatility20` of the decision's reading.
   * What moves together is reckoned when a rule asks for it. */
  of(leg: OrderInput, instrument: Instrument, volatility20: number | null): RiskFacts {
    const { quote, base, symbol } = instrument;
    const { closeTimeMs: marketTimeMs, legId, referencePrice } = leg;
    const books = this.#books;
    const money = books.balance(quote);
    const { quantity: here } = books.position(symbol);
    const judged = {
      ...{ instrument, referencePrice, here },
      available: money.available,
      locked: money.reserved,
      peak: books.peak(quote),
      elsewhere: books.elsewhere(instrument),
      freeBase: books.balance(base).available,
      own: books.reservedFor(legId),
      // Every purchase is over before the next begins.
      openBuys: [],
    };
    const dayStartMs = Math.floor(marketTimeMs / DAY_MS) * DAY_MS;
    const closeBefore = (held: string) => this.#closes.beforeDay(held, dayStartMs);
    const found = riskFactsOf(judged, {
      marketTimeMs,
      dayStartEquity: books.dayStartEquity(quote, dayStartMs, closeBefore),
      volatilityBps: volatility20 === null ? null : Math.ceil(volatility20 * FRACTION_TO_BPS),
      correlatedExposure: '0',
      lastCandle: this.#closes.lastCandle(symbol),
      cooldownUntilMs: this.#cooldowns.get(symbol) ?? null,
      ordersLastMinute: this.#ordersLastMinute(legId, marketTimeMs),
    });
    const { positionValue } = found;
    // No rule asks about it before a sale, and nothing moves together where nothing else is held.
    if (leg.side === 'SELL') return found;
    if (judged.elsewhere.isZero()) return { ...found, correlatedExposure: positionValue };
    const correlated = once(() => this.#correlated(instrument, positionValue));
    return {
      ...found,
      get correlatedExposure() {
        return correlated();
      },
    };
  }

  /** The books as a snapshot of the symbol shows them at a close. */
  holdings(instrument: Instrument, close: number, openOrders: number): Holdings {
    const { quote, symbol, lotSize } = instrument;
    const { changes } = this.#books;
    const known = this.#shown.get(symbol);
    if (known?.changes === changes && known.close === close && known.openOrders === openOrders) {
      return known.holdings;
    }
    const { available, reserved: locked } = this.#books.balance(quote);
    const here = [{ ...this.#books.position(symbol), lotSize }];
    const elsewhere = this.#books.elsewhere(instrument);
    const books = { available, locked, peak: this.#books.peak(quote), here, elsewhere, openOrders };
    const holdings = holdingsOf(books, observedText(close));
    this.#shown.set(symbol, { changes, close, openOrders, holdings });
    return holdings;
  }

  #ordersLastMinute(legId: string, marketTimeMs: number): number {
    let count = 0;
    for (const one of this.#purchases) {
      const recent = one.timeMs > marketTimeMs - MINUTE_MS && one.timeMs <= marketTimeMs;
      if (recent && one.legId !== legId) count += 1;
    }
    return count;
  }

  #correlated({ symbol, quote }: Instrument, own: AmountValue): Decimal {
    let together = decimal(own);
    for (const { symbol: other, value } of this.#books.heldIn(quote)) {
      if (other === symbol || value.lte(0)) continue;
      if (this.#closes.moveTogether(symbol, other)) together = together.plus(value);
    }
    return atMostScale(together);
  }
}

function once<T>(reckon: () => T): () => T {
  let known: { readonly value: T } | null = null;
  return () => {
    known ??= { value: reckon() };
    return known.value;
  };
}
