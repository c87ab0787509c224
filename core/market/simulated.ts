import { Random } from '../random.ts';
import { type Candle, TIMEFRAMES, type Timeframe } from './candle.ts';

/** A made-up market: no price of it was ever traded. Its symbols begin with SIM, so that wherever
 * one of its candles, decisions or orders is shown, it says so itself. */
export interface SimulatedMarket {
  readonly seed: number;
  readonly timeframe: Timeframe;
  /** When its first candle opens; a multiple of the timeframe. */
  readonly startMs: number;
  readonly symbols: readonly SimulatedSymbol[];
}

export interface SimulatedSymbol {
  /** `SIMA/USDT`. */
  readonly symbol: string;
  /** Quote per base, where it starts and to which it slowly returns. */
  readonly price: number;
  readonly decimals: number;
}

export const SIMULATED_SYMBOLS: readonly SimulatedSymbol[] = [
  { symbol: 'SIMA/USDT', price: 50_000, decimals: 2 },
  { symbol: 'SIMB/USDT', price: 3_000, decimals: 2 },
  { symbol: 'SIMC/USDT', price: 150, decimals: 3 },
];

/** How a market behaves for a while. Drift and deviation are of price, a candle. */
interface Regime {
  readonly drift: number;
  readonly deviation: number;
  /** Turnover, as a multiple of the usual. */
  readonly volume: number;
}

const REGIMES = {
  calm: { drift: 0, deviation: 0.0012, volume: 0.7 },
  rise: { drift: 0.0009, deviation: 0.002, volume: 1.2 },
  fall: { drift: -0.001, deviation: 0.0024, volume: 1.4 },
  storm: { drift: 0, deviation: 0.006, volume: 2.5 },
} as const satisfies Record<string, Regime>;
type RegimeName = keyof typeof REGIMES;
const REGIME_NAMES = Object.keys(REGIMES) as RegimeName[];

/** A regime lasts fifty candles on average. */
const CHANGE_CHANCE = 1 / 50;
const JUMP_CHANCE = 1 / 150;
const JUMP = { least: 0.008, most: 0.035 } as const;
/** How much of each move is the whole market's: symbols move together. */
const SHARED = 0.6;
/** The pull back to where it started, a candle: prices stay in sight of it for years. */
const PULL = 0.002;
/** Last candle's surprise that is left in this candle's deviation: storms come in clusters. */
const MEMORY = 0.8;
/** No candle moves further than this. */
const MOST_MOVE = 0.15;
/** Quote units traded in a usual candle of any symbol. */
const USUAL_TURNOVER = 2_000_000;

export interface SimulatedCandle {
  readonly symbol: string;
  readonly candle: Candle;
}

/** Candles without end, one close at a time, in the symbols' order. Calling it again with the same
 * market gives the same candles. */
export function* simulatedCloses(market: SimulatedMarket): Generator<readonly SimulatedCandle[]> {
  const lengthMs = TIMEFRAMES[market.timeframe];
  if (market.startMs % lengthMs !== 0) {
    throw new RangeError(`startMs must be a multiple of ${lengthMs}, was ${market.startMs}`);
  }
  const weather = new Weather(new Random(market.seed, 'weather'));
  const walks = market.symbols.map((symbol) => new Walk(symbol, market.seed));
  for (let openTimeMs = market.startMs; ; openTimeMs += lengthMs) {
    const { regime, shock } = weather.next();
    const closeTimeMs = openTimeMs + lengthMs - 1;
    yield walks.map((walk) => ({
      symbol: walk.symbol,
      candle: { openTimeMs, closeTimeMs, ...walk.next(regime, shock) },
    }));
  }
}

/** What all symbols share: the regime, and a part of every move. */
class Weather {
  readonly #random: Random;
  #regime: RegimeName = 'calm';

  constructor(random: Random) {
    this.#random = random;
  }

  next(): { readonly regime: Regime; readonly shock: number } {
    const random = this.#random;
    if (random.chance(CHANGE_CHANCE)) {
      this.#regime = random.pick(REGIME_NAMES.filter((name) => name !== this.#regime));
    }
    return { regime: REGIMES[this.#regime], shock: random.normal() };
  }
}

/** One symbol's price from candle to candle. */
class Walk {
  readonly symbol: string;
  readonly #of: SimulatedSymbol;
  readonly #random: Random;
  #price: number;
  #surprise = 1;

  constructor(of: SimulatedSymbol, seed: number) {
    this.symbol = of.symbol;
    this.#of = of;
    this.#price = of.price;
    this.#random = new Random(seed, of.symbol);
  }

  next(regime: Regime, shared: number): Omit<Candle, 'openTimeMs' | 'closeTimeMs'> {
    const random = this.#random;
    const own = random.normal();
    const move = SHARED * shared + Math.sqrt(1 - SHARED * SHARED) * own;
    const deviation = regime.deviation * Math.sqrt(this.#surprise);
    this.#surprise = MEMORY * this.#surprise + (1 - MEMORY) * move * move;
    const pull = PULL * (1 - this.#price / this.#of.price);
    const change = regime.drift + pull + deviation * move + this.#jump();
    const open = this.#rounded(this.#price);
    const close = this.#rounded(this.#price * (1 + bounded(change)));
    const wick = (): number => Math.abs(random.normal()) * deviation * 0.5;
    const high = Math.max(open, close, this.#rounded(Math.max(open, close) * (1 + wick())));
    const low = Math.min(open, close, this.#rounded(Math.min(open, close) * (1 - wick())));
    this.#price = close;
    const stir = 0.5 + random.unit() + Math.abs(change) / regime.deviation / 2;
    const turnover = USUAL_TURNOVER * regime.volume * stir;
    return { open, high, low, close, volume: Number((turnover / close).toFixed(5)) };
  }

  #jump(): number {
    const random = this.#random;
    if (!random.chance(JUMP_CHANCE)) return 0;
    const size = random.between(JUMP.least, JUMP.most);
    return random.chance(0.5) ? size : -size;
  }

  /** On the tick, and at least one tick. */
  #rounded(price: number): number {
    const { decimals } = this.#of;
    return Math.max(Number(price.toFixed(decimals)), Number((10 ** -decimals).toFixed(decimals)));
  }
}

function bounded(change: number): number {
  return Math.min(MOST_MOVE, Math.max(-MOST_MOVE, change));
}
