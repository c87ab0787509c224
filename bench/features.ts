/** Features per candle, against `technicalindicators` streaming the same indicators, in one run.
 *
 *     node bench/features.ts [--json] [--candles N]
 *
 * First every value of both is compared on the same generated candles. Then both sides are timed in
 * turns, each turn in a fresh process, and the median turn counts. Ours also makes what the peer is
 * not asked for: changes, volume ratio, volatility, patterns, regime, the feature vector, the
 * reading. Not measured: reading files, Postgres, NATS, the hash of the snapshot. */
import { execFileSync } from 'node:child_process';
import { FeatureEngine } from '../core/features/engine.ts';
import type { Reading } from '../core/features/reading.ts';
import { Market } from './features-market.ts';
import { Peer, type PeerValues } from './features-peer.ts';

const TURNS = 3;
const TIMED = 200_000;
const COMPARED = 50_000;
const TOLERANCE = 1e-9;
/** The peer rounds RSI to two decimals: one step of those is equal. */
const RSI_STEP = 0.010_001;

type Pair = readonly [name: string, ours: number | null, peer: number | undefined];

function pairsOf({ indicators: ours }: Reading, peer: PeerValues): Pair[] {
  return [
    ['MACD', ours.macd, peer.macd?.MACD],
    ['MACD signal', ours.macdSignal, peer.macd?.signal],
    ['MACD histogram', ours.macdHistogram, peer.macd?.histogram],
    ['Bollinger upper', ours.bollingerUpper, peer.bollinger?.upper],
    ['Bollinger middle', ours.bollingerMiddle, peer.bollinger?.middle],
    ['Bollinger lower', ours.bollingerLower, peer.bollinger?.lower],
    ['EMA 9', ours.emaFast, peer.emaFast],
    ['EMA 21', ours.emaSlow, peer.emaSlow],
    ['SMA 20', ours.sma20, peer.sma20],
    ['SMA 50', ours.sma50, peer.sma50],
    ['Stochastic %K', ours.stochasticK, peer.stochastic?.k],
    ['Stochastic %D', ours.stochasticD, peer.stochastic?.d],
    ['Williams %R', ours.williamsR, peer.williams],
    ['CCI', ours.cci20, peer.cci],
    ['ADX', ours.adx14, peer.adx?.adx],
    ['+DI', peer.adx === undefined ? null : ours.plusDi14, peer.adx?.pdi],
    ['-DI', peer.adx === undefined ? null : ours.minusDi14, peer.adx?.mdi],
    ['ATR', ours.atr14, peer.atr],
    ['VWAP', ours.vwap, peer.vwap],
  ];
}

interface Equality {
  readonly valuesCompared: number;
  readonly largestRelativeDifference: number;
  readonly differing: readonly string[];
}

function compare(count: number): Equality {
  const market = new Market(7);
  const engine = new FeatureEngine({ timeframe: '1m' });
  const peer = new Peer();
  const differing = new Set<string>();
  let valuesCompared = 0;
  let largestRelativeDifference = 0;
  for (let i = 0; i < count; i += 1) {
    const candle = market.next();
    const reading = engine.push(candle);
    const theirs = peer.push(candle);
    for (const [name, ours, value] of pairsOf(reading, theirs)) {
      const difference = distance(ours, value, candle.close);
      valuesCompared += 1;
      largestRelativeDifference = Math.max(largestRelativeDifference, difference);
      if (difference > TOLERANCE) differing.add(name);
    }
    valuesCompared += 1;
    if (Math.abs((reading.indicators.rsi14 ?? 0) - (theirs.rsi ?? 0)) > RSI_STEP) {
      differing.add('RSI');
    }
  }
  return { valuesCompared, largestRelativeDifference, differing: [...differing] };
}

/** Relative to the value, or to a thousandth of the price where a difference of prices nears zero.
 */
function distance(ours: number | null, peer: number | undefined, price: number): number {
  if (ours === null || peer === undefined)
    return ours === null && peer === undefined ? 0 : Infinity;
  return Math.abs(ours - peer) / Math.max(Math.abs(ours), Math.abs(peer), price * 1e-3);
}

interface SideFigures {
  readonly nanoseconds: number;
  readonly heapBytesPerCandle: number | null;
}

function turn(side: 'ours' | 'peer', grown: number): SideFigures {
  const file = new URL('features-side.ts', import.meta.url).pathname;
  const output = execFileSync(
    process.execPath,
    ['--expose-gc', file, side, String(TIMED), String(grown)],
    { encoding: 'utf8' },
  );
  return JSON.parse(output) as SideFigures;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function measure(candles: number) {
  const ours: SideFigures[] = [];
  const peer: SideFigures[] = [];
  for (let i = 0; i < TURNS; i += 1) {
    const grown = i === 0 ? candles : 0;
    ours.push(turn('ours', grown));
    peer.push(turn('peer', grown));
  }
  const [oursNs, peerNs] = [ours, peer].map((turns) =>
    median(turns.map(({ nanoseconds }) => nanoseconds)),
  ) as [number, number];
  const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));
  return {
    nanosecondsPerCandle: { ours: round(oursNs, 0), peer: round(peerNs, 0) },
    candlesPerSecond: { ours: round(1e9 / oursNs, 0), peer: round(1e9 / peerNs, 0) },
    heapBytesPerCandle: {
      ours: round(ours[0]?.heapBytesPerCandle ?? Number.NaN, 3),
      peer: round(peer[0]?.heapBytesPerCandle ?? Number.NaN, 1),
    },
    ratio: round(peerNs / oursNs, 1),
  };
}

function candlesAsked(): number {
  const index = process.argv.indexOf('--candles');
  const value = index < 0 ? 1_000_000 : Number(process.argv[index + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`--candles must be a positive integer, was ${process.argv[index + 1]}`);
}

const candles = candlesAsked();
const equality = compare(COMPARED);
const figures = { node: process.version, candles, ...equality, ...measure(candles) };
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(figures));
} else {
  console.log(`features per candle, node ${process.version}; heap over ${candles} candles`);
  console.table({
    'ns per candle': figures.nanosecondsPerCandle,
    'candles per second': figures.candlesPerSecond,
    'heap bytes kept per candle': figures.heapBytesPerCandle,
  });
  console.log(`ratio ${figures.ratio} (goal: at least 5)`);
  const largest = equality.largestRelativeDifference.toExponential(1);
  const differing = equality.differing.join(', ') || 'none';
  console.log(
    `${equality.valuesCompared} values compared, largest relative difference ${largest}, ` +
      `differing: ${differing}`,
  );
}
if (equality.differing.length > 0) process.exitCode = 1;
