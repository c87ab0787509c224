import { FEATURE_HASH, FEATURE_NAMES, FEATURE_VERSION } from '../features/vector.ts';
import type { Prediction, Predictions } from '../models/contract.ts';
import type { MarketSeries } from './series.ts';

const AHEAD = 12;

/** For tests: a model that is right about the next twelve candles of this one market, so that it
 * has reasons to trade; silent while it was not `asked`. */
export function farSighted(
  { instrument, candles }: MarketSeries,
  asked: (index: number) => boolean = () => true,
): Predictions {
  return {
    model: {
      hash: 'a'.repeat(64),
      card: {
        contract: 1,
        features: { version: FEATURE_VERSION, hash: FEATURE_HASH, names: FEATURE_NAMES },
        label: { targetAtrs: 2, stopAtrs: 2, horizonCandles: AHEAD, roundTripCost: 0.002 },
        data: { hash: '', rows: 0, timeframe: '5m', symbols: [], fromMs: 0, toMs: 0 },
        runId: 'run',
      },
    },
    at: (symbol, index): Prediction | null => {
      const [now, later] = [candles.at(index), candles.at(index + AHEAD)];
      if (symbol !== instrument.symbol || !asked(index) || now === null || later === null) {
        return null;
      }
      const rises = later.close > now.close;
      const rest = { magnitude: 0.01, confidence: 0.7, risk: 0.01 };
      return { buy: rises ? 0.6 : 0.1, sell: rises ? 0.1 : 0.6, hold: 0.3, ...rest };
    },
  };
}
