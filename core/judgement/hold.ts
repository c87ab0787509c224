import type { FillRecord, Trade } from '../backtest/result.ts';
import { closesOf, type MarketSeries } from '../backtest/series.ts';
import type { Candle } from '../market/candle.ts';
import type { Instrument } from '../market/instrument.ts';
import {
  atMostScale,
  ceilToStep,
  Decimal,
  decimal,
  divide,
  floorToStep,
  format,
  fromObservation,
  positive,
} from '../market/money.ts';
import type { Run } from './returns.ts';

const WHOLE_BP = 10_000;

/** Holding, on the clock and under the terms of `run`: every market gets an equal part of the
 * capital, is bought whole at the open of its second candle (the first an order could meet), pays
 * half the spread and the taker's fee in the quote, and is kept to the end. No guard, no limit, no
 * depth: the benchmark is what anybody could have done by doing nothing. What is left of a part
 * below one lot stays cash, and so does the part of a market that never trades. Throws a
 * `RangeError` when the series do not close as the clock of `run` does. */
export function holdRun(run: Run, series: readonly MarketSeries[]): Run {
  const { timeMs } = run.curve;
  const part = divide(positive(run.account.capital, 'capital'), Decimal.of(series.length || 1));
  const held = series.map(({ instrument }) => new Held(instrument));
  const equity: number[] = [];
  const exposure: number[] = [];
  let cash = Number(run.account.capital);
  let worth = 0;
  for (const { closeTimeMs, entries } of closesOf(series)) {
    const at = equity.length;
    if (closeTimeMs !== timeMs[at]) {
      throw new RangeError(`series must close as the run does, close ${at} is at ${closeTimeMs}`);
    }
    for (const { place, candle } of entries) {
      const one = held[place] as Held;
      const paid = one.meet(candle, { part, conditions: run.account.conditions });
      cash -= paid;
      worth += one.mark(candle.close);
    }
    equity.push(cash + worth);
    exposure.push(worth / (cash + worth));
  }
  if (equity.length !== timeMs.length) {
    const lengths = `${equity.length} closes, the run ${timeMs.length}`;
    throw new RangeError(`series must close as the run does, had ${lengths}`);
  }
  return {
    account: run.account,
    data: run.data,
    curve: { timeMs, equity, exposure },
    fills: held.flatMap((one) => one.fills()),
    trades: held.flatMap((one) => one.trades()),
  };
}

interface Purchase {
  readonly timeMs: number;
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly fee: Decimal;
}

interface Means {
  readonly part: Decimal;
  readonly conditions: Readonly<Record<string, number>>;
}

/** One market's part of the benchmark. */
class Held {
  readonly #instrument: Instrument;
  #candles = 0;
  #bought: Purchase | null = null;
  #units = 0;
  #worth = 0;
  #close = 0;

  constructor(instrument: Instrument) {
    this.#instrument = instrument;
  }

  /** What was paid at this candle's open, quote units. */
  meet(candle: Candle, means: Means): number {
    this.#candles += 1;
    if (this.#candles !== 2) return 0;
    this.#bought = purchase(this.#instrument, candle, means);
    if (this.#bought === null) return 0;
    const { quantity, price, fee } = this.#bought;
    this.#units = quantity.toNumber();
    return quantity.times(price).plus(fee).toNumber();
  }

  /** By how much its worth changed. */
  mark(close: number): number {
    const before = this.#worth;
    this.#close = close;
    this.#worth = this.#units * close;
    return this.#worth - before;
  }

  fills(): FillRecord[] {
    if (this.#bought === null) return [];
    const { timeMs, quantity, price, fee } = this.#bought;
    const { symbol, quote } = this.#instrument;
    const amounts = { quantity: format(quantity), price: format(price), fee: format(fee) };
    return [{ symbol, side: 'BUY', purpose: 'entry', timeMs, ...amounts, feeAsset: quote }];
  }

  trades(): Trade[] {
    if (this.#bought === null) return [];
    const { timeMs, quantity, price, fee } = this.#bought;
    const exit = fromObservation(this.#close, 'close');
    const paid = quantity.times(price);
    const profit = quantity.times(exit).minus(paid).minus(fee);
    return [
      {
        symbol: this.#instrument.symbol,
        openedAtMs: timeMs,
        closedAtMs: null,
        quantity: format(quantity),
        entryPrice: format(price),
        exitPrice: format(exit),
        fees: format(fee),
        profit: format(atMostScale(profit)),
        return: profit.div(paid).toNumber(),
        endedBy: 'open',
      },
    ];
  }
}

/** `null` when the part does not reach for what the venue takes at least. */
function purchase(
  { tickSize, lotSize, minNotional }: Instrument,
  candle: Candle,
  { part, conditions }: Means,
): Purchase | null {
  const spread = share(conditions, 'halfSpreadBps').plus(1);
  const feeShare = share(conditions, 'takerFeeBps');
  const ask = fromObservation(candle.open, 'open').times(spread);
  const price = ceilToStep(ask, positive(tickSize, 'tickSize'));
  const most = divide(part, price.times(feeShare.plus(1)));
  const quantity = floorToStep(most, positive(lotSize, 'lotSize'));
  const cost = quantity.times(price);
  if (quantity.lte(0) || cost.lt(decimal(minNotional, 'minNotional'))) return null;
  const fee = atMostScale(cost.times(feeShare));
  return { timeMs: candle.openTimeMs, quantity, price, fee };
}

function share(conditions: Readonly<Record<string, number>>, name: string): Decimal {
  return fromObservation(costOf(conditions, name), name).div(WHOLE_BP);
}

/** A cost of the market, basis points. Throws a `RangeError` when the conditions do not say. */
export function costOf(conditions: Readonly<Record<string, number>>, name: string): number {
  const value = conditions[name];
  if (value !== undefined && Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`${name} must be known and not negative, was ${value}`);
}
