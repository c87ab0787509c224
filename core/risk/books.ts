import type { Holdings } from '../assistants/snapshot.ts';
import type { Instrument } from '../market/instrument.ts';
import {
  type AmountValue,
  atMostScale,
  Decimal,
  decimal,
  divide,
  format,
  lesser,
  positive,
  ratioBps,
} from '../market/money.ts';
import type { RiskFacts } from './facts.ts';

const NOTHING = Decimal.of(0);

/** What one symbol's position and open purchases are worth, quote units. */
export interface AtRisk {
  readonly symbol: string;
  readonly value: Decimal;
}

/** One user's books in one quote asset, as an order of one instrument is judged by them. */
export interface JudgedBooks {
  readonly instrument: Instrument;
  readonly referencePrice: string;
  /** Cash, free and reserved. */
  readonly available: AmountValue;
  readonly locked: AmountValue;
  /** The most that equity was when it was last valued. */
  readonly peak: AmountValue;
  /** Base units held of the instrument. */
  readonly here: AmountValue;
  /** What all other positions are worth, quote units. */
  readonly elsewhere: Decimal;
  /** Of the instrument's base asset, by the ledger. */
  readonly freeBase: AmountValue;
  /** What the order's own leg has reserved: it counts as free. */
  readonly own: { readonly asset: string; readonly amount: AmountValue } | null;
  /** The most that the user's other live purchases may still spend, by symbol. */
  readonly openBuys: readonly AtRisk[];
}

/** How the market stands, what the user did in it last, and where the day began. */
export type Surroundings = Pick<
  RiskFacts,
  | 'correlatedExposure'
  | 'marketTimeMs'
  | 'lastCandle'
  | 'cooldownUntilMs'
  | 'ordersLastMinute'
  | 'volatilityBps'
> & { readonly dayStartEquity: Decimal };

/** The books as the risk rules see them. */
export function riskFactsOf(books: JudgedBooks, around: Surroundings): RiskFacts {
  const { instrument, own, openBuys, referencePrice } = books;
  const { base, quote, symbol } = instrument;
  const ownIn = (asset: string) => (own?.asset === asset ? decimal(own.amount) : NOTHING);
  const here = decimal(books.here).times(decimal(referencePrice, 'referencePrice'));
  const held = here.plus(books.elsewhere);
  const wanted = openBuys.filter((one) => one.symbol === symbol).map(({ value }) => value);
  const available = decimal(books.available);
  const locked = decimal(books.locked);
  const equity = available.plus(locked).plus(held);
  const peak = decimal(books.peak);
  return {
    ...around,
    instrument,
    referencePrice,
    equity: atMostScale(equity),
    cash: atMostScale(available.plus(ownIn(quote))),
    quantity: atMostScale(freeToSell(books).plus(ownIn(base))),
    positionValue: atMostScale(wanted.length === 0 ? here : here.plus(sum(wanted))),
    exposure: atMostScale(held.plus(locked).minus(ownIn(quote))),
    dayStartEquity: atMostScale(around.dayStartEquity),
    peakEquity: atMostScale(peak.lt(equity) ? equity : peak),
  };
}

/** The lesser of the position and what the ledger has free of the base asset: what other open sales
 * have reserved is not sold twice. */
function freeToSell({ here, freeBase }: JudgedBooks): Decimal {
  const free = lesser(decimal(here), decimal(freeBase));
  return free.isNegative() ? NOTHING : free;
}

/** Everybody's books in one quote asset. */
export interface HouseBooks {
  readonly available: AmountValue;
  readonly locked: AmountValue;
  /** The sum of everybody's own peaks. */
  readonly peak: AmountValue;
  /** Positions in the symbol asked about, base units and quote per base. */
  readonly here: readonly {
    readonly quantity: string;
    readonly entryPrice: string;
    readonly lotSize: string;
  }[];
  /** What all other positions are worth, quote units. */
  readonly elsewhere: Decimal;
  /** Live orders in the symbol asked about. */
  readonly openOrders: number;
}

/** Books as a snapshot shows them at one close of a symbol. Cash is what is free; equity counts
 * what is reserved too, and what is less than a lot: that can never be sold, so it counts for
 * nothing else. */
export function holdingsOf(books: HouseBooks, close: string): Holdings {
  const price = positive(close, 'close');
  const { here } = books;
  const own = here.filter(({ quantity, lotSize }) => !decimal(quantity).lt(decimal(lotSize)));
  const quantity = sum(own.map((position) => decimal(position.quantity)));
  const value = quantity.times(price);
  const sold = own.length === here.length;
  const all = sold ? value : sum(here.map((one) => decimal(one.quantity))).times(price);
  const cash = decimal(books.available);
  const positions = all.plus(books.elsewhere);
  const equity = cash.plus(decimal(books.locked)).plus(positions);
  const highest = decimal(books.peak);
  const peak = highest.lt(equity) ? equity : highest;
  return {
    equity: text(equity),
    cash: format(cash),
    quantity: format(quantity),
    entryPrice: averageOf(own, quantity),
    exposureBps: ratioBps(value, equity),
    drawdownBps: ratioBps(peak.minus(equity), peak),
    openOrders: books.openOrders,
  };
}

/** Average cost of these positions, `quantity` in all; `0` when nothing is held. */
function averageOf(own: HouseBooks['here'], quantity: Decimal): string {
  const [first] = own;
  if (first === undefined || quantity.isZero()) return '0';
  // One position's average is what it says of itself.
  if (own.length === 1) return format(decimal(first.entryPrice));
  const costs = own.map((one) => decimal(one.quantity).times(decimal(one.entryPrice)));
  return format(divide(sum(costs), quantity));
}

function sum(values: readonly Decimal[]): Decimal {
  const [first] = values;
  if (first !== undefined && values.length === 1) return first;
  return values.reduce((total, value) => total.plus(value), NOTHING);
}

function text(value: Decimal): string {
  return format(atMostScale(value));
}
