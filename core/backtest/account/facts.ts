import type { Holdings } from '../../assistants/snapshot.ts';
import type { Instrument } from '../../market/instrument.ts';
import { Decimal, format, observedText } from '../../market/money.ts';
import type { OrderInput } from '../../orders/leg.ts';
import { type AtRisk, atRiskOf, holdingsOf, riskFactsOf } from '../../risk/books.ts';
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

  /** The books as the risk rules see them for one leg. `volatility20` of the decision's reading. */
  of(leg: OrderInput, instrument: Instrument, volatility20: number | null): RiskFacts {
    const { quote, base, symbol } = instrument;
    const { closeTimeMs: marketTimeMs, legId } = leg;
    const books = this.#books;
    const money = books.balance(quote);
    const judged = {
      instrument,
      referencePrice: leg.referencePrice,
      available: money.available,
      locked: money.reserved,
      peak: books.peak(quote),
      positions: books.positionsIn(quote),
      freeBase: books.balance(base).available,
      own: books.reservedFor(legId),
      // Every purchase is over before the next begins.
      openBuys: [],
    };
    const atRisk = atRiskOf(judged);
    const dayStartMs = Math.floor(marketTimeMs / DAY_MS) * DAY_MS;
    const closeBefore = (held: string) => this.#closes.beforeDay(held, dayStartMs);
    return riskFactsOf(judged, atRisk, {
      marketTimeMs,
      dayStartEquity: books.dayStartEquity(quote, dayStartMs, closeBefore),
      volatilityBps: volatility20 === null ? null : Math.ceil(volatility20 * FRACTION_TO_BPS),
      correlatedExposure: this.#correlated(symbol, atRisk),
      lastCandle: this.#closes.lastCandle(symbol),
      cooldownUntilMs: this.#cooldowns.get(symbol) ?? null,
      ordersLastMinute: this.#ordersLastMinute(legId, marketTimeMs),
    });
  }

  /** The books as a snapshot of the symbol shows them at a close. */
  holdings(instrument: Instrument, close: number, openOrders: number): Holdings {
    const { quote, symbol } = instrument;
    const { available, reserved: locked } = this.#books.balance(quote);
    const positions = this.#books.positionsIn(quote).map((held) => {
      return { ...held, lotSize: held.instrument.lotSize };
    });
    const books = { available, locked, peak: this.#books.peak(quote), positions, openOrders };
    return holdingsOf(books, { symbol, close: observedText(close) });
  }

  #ordersLastMinute(legId: string, marketTimeMs: number): number {
    const recent = this.#purchases.filter((one) => {
      return one.timeMs > marketTimeMs - MINUTE_MS && one.timeMs <= marketTimeMs;
    });
    return recent.filter((one) => one.legId !== legId).length;
  }

  #correlated(symbol: string, atRisk: readonly AtRisk[]): string {
    let together = new Decimal(0);
    for (const { symbol: other, value } of atRisk) {
      if (value.lte(0)) continue;
      const one = other === symbol || this.#closes.moveTogether(symbol, other);
      if (one) together = together.plus(value);
    }
    return format(together.toDecimalPlaces(18));
  }
}
