import { SNAPSHOT_CANDLES } from '../../core/assistants/freeze.ts';
import { DETECTOR_VERSION, trigger } from '../../core/assistants/market-monitor.ts';
import type { Trigger } from '../../core/assistants/snapshot.ts';
import { FeatureEngine } from '../../core/features/engine.ts';
import type { Reading } from '../../core/features/reading.ts';
import type { Candle, Timeframe } from '../../core/market/candle.ts';

/** A question the market monitor wants put, with what it saw. */
export interface Question {
  readonly symbol: string;
  readonly trigger: Trigger;
  readonly reading: Reading;
  /** The newest closed candles, oldest first. */
  readonly candles: readonly Candle[];
}

/** What the ring holds of one symbol, as far as the monitor must know it. */
export interface Stake {
  readonly entryPrice: number | null;
}

/** One symbol's market state: features folded candle by candle, and when a motion was last put. */
export class Desk {
  readonly symbol: string;
  readonly #engine: FeatureEngine;
  #candles: Candle[] = [];
  #previous: Reading | null = null;
  #reading: Reading | null = null;
  #sinceMotion: number | null = null;

  constructor(symbol: string, timeframe: Timeframe) {
    this.symbol = symbol;
    this.#engine = new FeatureEngine({ timeframe });
  }

  /** Folds one closed candle; every candle must pass here, in order. */
  fold(candle: Candle): void {
    this.#previous = this.#reading;
    this.#reading = this.#engine.push(candle, null);
    this.#candles.push(candle);
    if (this.#candles.length > SNAPSHOT_CANDLES) this.#candles.shift();
    if (this.#sinceMotion !== null) this.#sinceMotion += 1;
  }

  /** Whether the candle just folded deserves a debate, by the market monitor's own rule. */
  judge(stake: Stake): Question | null {
    const reading = this.#reading;
    if (reading === null) return null;
    const why = trigger(reading, this.#previous, {
      candlesSinceMotion: this.#sinceMotion,
      close: this.#candles.at(-1)?.close ?? 0,
      entryPrice: stake.entryPrice,
    });
    return why === null ? null : this.#ask(why, reading);
  }

  /** The question a run before this one put at this candle; its trigger is on record. */
  repeat(recorded: Trigger): Question | null {
    return this.#reading === null ? null : this.#ask(recorded, this.#reading);
  }

  #ask(why: Trigger, reading: Reading): Question {
    this.#sinceMotion = 0;
    return { symbol: this.symbol, trigger: why, reading, candles: [...this.#candles] };
  }
}

export { DETECTOR_VERSION };
