import { TIMEFRAMES, type Timeframe } from '../market/candle.ts';
import { CandleSeries } from '../market/candle-series.ts';
import { Random } from '../random.ts';
import type { MarketSeries } from './series.ts';

const FIRST_MS = Date.UTC(2024, 0, 1);

export interface MadeUp {
  readonly symbol?: string;
  readonly candles?: number;
  readonly timeframe?: Timeframe;
  /** Whether the candle of this place on the clock is there; left out: all are. */
  readonly open?: (place: number) => boolean;
}

/** For tests: a market with trends, quiet stretches and jumps, the same for the same seed. */
export function marketOf(seed: string, made: MadeUp = {}): MarketSeries {
  const { symbol = 'BTC/USDT', candles = 1_500, timeframe = '5m', open = () => true } = made;
  const [base = '', quote = ''] = symbol.split('/');
  const random = new Random('market', seed, symbol);
  const lengthMs = TIMEFRAMES[timeframe];
  const numbers: number[] = [];
  let price = 60_000;
  let [drift, wild] = [0, 0.002];
  for (let place = 0; numbers.length < candles * 6; place += 1) {
    if (random.chance(0.02)) [drift, wild] = [random.between(-0.001, 0.001), wildOf(random)];
    const jump = random.chance(0.003) ? random.between(-0.03, 0.03) : 0;
    const close = round(price * (1 + drift + jump + wild * random.normal()));
    const high = round(Math.max(price, close) * (1 + wild * random.unit()));
    const low = round(Math.min(price, close) * (1 - wild * random.unit()));
    const volume = round(random.between(5, 60) * (1 + Math.abs(jump) * 100));
    if (open(place)) numbers.push(FIRST_MS + place * lengthMs, price, high, low, close, volume);
    price = close;
  }
  return {
    instrument: {
      ...{ symbol, base, quote },
      ...{ tickSize: '0.01', lotSize: '0.00001', minNotional: '5' },
    },
    timeframe,
    candles: new CandleSeries(lengthMs, Float64Array.from(numbers)),
  };
}

function wildOf(random: Random): number {
  return random.pick([0.0005, 0.001, 0.002, 0.004]);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
