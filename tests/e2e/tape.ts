import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../ops/stack/home.ts';

/** The demo's real candles. Its first hours hold what a test of the ring needs. */
export const CRASH = join(REPOSITORY, 'ops/demo/binance-BTC-USDT-5m.csv');

/** Until here the crash puts eleven motions. Who is not asked buys twice; the guard of each
 * position moves its stop once, and the venue fills it. */
export const ELEVEN = ['--to', '2024-08-05T01:50:00Z'] as const;

/** When the demo's tape begins. */
export const CRASH_START_MS = Date.parse('2024-08-04T16:00:00Z');

const FIVE_MINUTES_MS = 300_000;

export interface MadeUp {
  readonly path: string;
  readonly seed: number;
  readonly startMs: number;
  readonly candles: number;
  readonly price: number;
}

/** Writes made-up five-minute candles: calm, then a slide, then a recovery, with noise from a seed.
 * The same seed writes the same file for ever. */
export function writeMadeUpTape({ path, seed, startMs, candles, price }: MadeUp): void {
  const random = mulberry32(seed);
  const noise = (): number => random() + random() + random() - 1.5;
  const rows = ['timestamp,open,high,low,close,volume'];
  let close = price;
  for (let at = 0; at < candles; at += 1) {
    const part = at / candles;
    const drift = part < 0.5 ? 0 : part < 0.75 ? -0.004 : 0.003;
    const open = close;
    close = open * (1 + drift + noise() * 0.002);
    const high = Math.max(open, close) * (1 + random() * 0.001);
    const low = Math.min(open, close) * (1 - random() * 0.001);
    const volume = 100 * (1 + random()) * (drift === 0 ? 1 : 3);
    const numbers = [open, high, low, close, volume].map((value) => value.toFixed(2));
    rows.push([startMs + at * FIVE_MINUTES_MS, ...numbers].join(','));
  }
  writeFileSync(path, `${rows.join('\n')}\n`);
}

/** The first lines of the demo's tape, as they stand in the file. */
export function crashLines(count: number): readonly string[] {
  return readFileSync(CRASH, 'utf8').split('\n').slice(0, count);
}

/** A small seeded generator of numbers in [0, 1): Tommy Ettinger's mulberry32. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
