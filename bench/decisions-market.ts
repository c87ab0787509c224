import { join } from 'node:path';
import { readCandleFile, type Tape } from '../adapters/tape/tape.ts';
import { freezeSnapshot, SNAPSHOT_CANDLES } from '../core/assistants/freeze.ts';
import { DETECTOR_VERSION } from '../core/assistants/market-monitor.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import type { Reading } from '../core/features/reading.ts';
import { hashOf } from '../core/hash.ts';
import { eventId } from '../core/identity.ts';
import type { Candle } from '../core/market/candle.ts';
import { REPOSITORY } from '../ops/stack/home.ts';

export const VENUE = 'paper';
const TIMEFRAME = '5m';
/** Candles folded before the first motion, so that every feature has a value. */
const WARM_UP = 120;
/** Each symbol begins this many candles later on the tape than the one before it. */
const APART = 17;

/** The demo's tape: real candles of a crash. */
export function demoTape(): Promise<Tape> {
  return readCandleFile(join(REPOSITORY, 'ops/demo/binance-BTC-USDT-5m.csv'));
}

/** As many symbols as wanted, all with the demo's real candles, each from another place of the tape
 * on, and an endless row of closes with a motion about each. */
export class BenchMarket {
  readonly #rows: readonly Row[];
  #close = 0;

  constructor(tape: Tape, symbols: number) {
    const candles = [...tape.candles];
    this.#rows = Array.from({ length: symbols }, (_, index) => new Row(index, candles));
  }

  /** The next close's motions, one on each of the first `count` symbols. */
  next(count: number): readonly Snapshot[] {
    const at = this.#close++;
    return this.#rows.slice(0, count).map((row) => row.at(at));
  }
}

class Row {
  readonly #symbol: string;
  readonly #candles: readonly Candle[];
  readonly #from: number;
  readonly #engine = new FeatureEngine({ timeframe: TIMEFRAME });
  readonly #folded: Candle[] = [];
  #reading: Reading | null = null;

  constructor(index: number, candles: readonly Candle[]) {
    const letter = (place: number): string => String.fromCharCode(65 + (place % 26));
    this.#symbol = `B${letter(Math.floor(index / 26))}${letter(index)}/USDT`;
    this.#candles = candles;
    this.#from = index * APART;
  }

  at(close: number): Snapshot {
    while (this.#reading === null || this.#folded.length < WARM_UP + close) this.#fold();
    const candles = this.#folded.slice(-SNAPSHOT_CANDLES);
    const closeTimeMs = candles.at(-1)?.closeTimeMs ?? 0;
    const market = { venue: VENUE, symbol: this.#symbol, timeframe: TIMEFRAME } as const;
    const kind = 'cadence';
    return freezeSnapshot({
      ...market,
      eventId: eventId({ ...market, kind, closeTimeMs, detectorVersion: DETECTOR_VERSION }),
      trigger: kind,
      candles,
      reading: this.#reading,
      holdings: FLAT,
      news: null,
    });
  }

  /** The tape again from its beginning when it is over; times go on. */
  #fold(): void {
    const index = this.#folded.length;
    const candle = this.#candles[(this.#from + index) % this.#candles.length] as Candle;
    const first = this.#candles[0] as Candle;
    const lengthMs = first.closeTimeMs - first.openTimeMs + 1;
    const openTimeMs = first.openTimeMs + index * lengthMs;
    const retimed = { ...candle, openTimeMs, closeTimeMs: openTimeMs + lengthMs - 1 };
    this.#folded.push(retimed);
    this.#reading = this.#engine.push(retimed, null);
  }
}

const FLAT = {
  equity: '10000',
  cash: '10000',
  quantity: '0',
  entryPrice: '0',
  exposureBps: 0,
  drawdownBps: 0,
  openOrders: 0,
} as const;

/** The id of a benchmark's docket. */
export function docketId(load: string, snapshots: readonly Snapshot[]): string {
  return `bench-${load}-${hashOf(snapshots.map((snapshot) => snapshot.eventId)).slice(0, 12)}`;
}
