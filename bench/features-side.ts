/** One side of `bench/features.ts`, in a process of its own: neither side's garbage, heap or
 * compiled code may weigh on the other. Called by it as `features-side.ts ours|peer TIMED GROWN`;
 * prints JSON. */
import { FeatureEngine } from '../core/features/engine.ts';
import type { Candle } from '../core/market/candle.ts';
import { Market } from './features-market.ts';
import { Peer } from './features-peer.ts';

const WARM_UP = 50_000;
const BATCH = 10_000;

interface Side {
  push(candle: Candle): unknown;
}

/** What the last push gave: keeps the work from being optimised away. */
const sink: { value: unknown } = { value: undefined };

function sideNamed(name: string | undefined): Side {
  if (name === 'ours') return new FeatureEngine({ timeframe: '1m' });
  if (name === 'peer') return new Peer();
  throw new RangeError(`side must be ours or peer, was ${name}`);
}

/** Candles are made before the clock starts, a batch at a time. */
function nanosecondsPerCandle(side: Side, market: Market, count: number): number {
  let spent = 0n;
  for (let done = 0; done < count; done += BATCH) {
    const candles = market.batch(BATCH);
    const start = process.hrtime.bigint();
    for (const candle of candles) sink.value = side.push(candle);
    spent += process.hrtime.bigint() - start;
  }
  return Number(spent) / count;
}

function heapBytes(): number {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('run with node --expose-gc');
  sink.value = undefined;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes a candle left behind after garbage collection. */
function heapGrowth(side: Side, market: Market, count: number): number {
  const before = heapBytes();
  for (let done = 0; done < count; done += 1) sink.value = side.push(market.next());
  return (heapBytes() - before) / count;
}

const side = sideNamed(process.argv[2]);
const market = new Market(11);
nanosecondsPerCandle(side, market, WARM_UP);
const nanoseconds = nanosecondsPerCandle(side, market, Number(process.argv[3]));
const grown = Number(process.argv[4]);
const heapBytesPerCandle = grown > 0 ? heapGrowth(side, market, grown) : null;
console.log(JSON.stringify({ nanoseconds, heapBytesPerCandle }));
