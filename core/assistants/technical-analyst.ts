import type { Watch } from './character.ts';
import { mindOf } from './mind-of.ts';
import {
  bollinger,
  cci,
  directional,
  emaCross,
  macd,
  pattern,
  rsi,
  stochastic,
  williams,
} from './senses/chart.ts';

const WATCHES: readonly Watch[] = [
  { sense: rsi, weight: 3 },
  { sense: bollinger, weight: 2 },
  { sense: macd, weight: 2 },
  { sense: emaCross, weight: 1.5 },
  { sense: stochastic, weight: 1 },
  { sense: williams, weight: 1 },
  { sense: cci, weight: 1 },
  { sense: directional, weight: 1.5 },
  { sense: pattern, weight: 1 },
];

/** Reads the chart: oscillators, bands, averages and candlestick patterns. */
export const technicalAnalyst = mindOf({
  role: 'technical_analyst',
  openness: 1,
  watches: () => WATCHES,
});
