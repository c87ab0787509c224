import type { Kysely } from 'kysely';
import { listSeries } from '../../adapters/store/candles.ts';
import { type MotionPut, motionsOfSeries } from '../../adapters/store/motions.ts';
import type { Database } from '../../adapters/store/schema.ts';
import type { Timeframe } from '../../core/market/candle.ts';
import { CorroError } from '../../proto/errors.ts';

/** One tape as the ring is about to hear it. */
export interface TapeExtent {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly firstCloseMs: number;
}

interface Known {
  /** The last close whose candle is stored, of any market at the venue; 0 for none. */
  readonly storedUntilMs: number;
  /** The last close that a motion was put about; 0 for none. */
  readonly putUntilMs: number;
  readonly motions?: readonly (MotionPut & Series)[];
}

type Series = Pick<TapeExtent, 'symbol' | 'timeframe'>;

/** What an earlier run of the same candles put to the ring. A replay that was interrupted goes on
 * where it stood: closes before that are folded, not decided again. */
export class History {
  readonly #known: Known;
  readonly #motions: ReadonlyMap<string, MotionPut>;

  constructor(known: Known) {
    this.#known = known;
    this.#motions = new Map(
      known.motions?.map((motion) => [keyOf(motion, motion.closeTimeMs), motion]),
    );
  }

  /** True when an earlier run has judged this close. The last one stored may not have been: candles
   * are stored before the motion of their close is put. */
  covers(closeTimeMs: number): boolean {
    const { storedUntilMs, putUntilMs } = this.#known;
    return closeTimeMs < storedUntilMs || closeTimeMs <= putUntilMs;
  }

  /** The newest close that was put; 0 for none. */
  get putUntilMs(): number {
    return this.#known.putUntilMs;
  }

  /** What was put about this close, under the ids it has on record. */
  motionAt(series: Series, closeTimeMs: number): MotionPut | null {
    return this.#motions.get(keyOf(series, closeTimeMs)) ?? null;
  }

  /** True for the newest close that was put: what followed from it may not be over. */
  endsAt(closeTimeMs: number): boolean {
    return closeTimeMs === this.#known.putUntilMs;
  }
}

/** Reads what is on record of some tapes at a venue. Throws `CorroError` when the market there is
 * already past the beginning of a tape that it has not heard: time does not go backward. */
export async function readHistory(
  db: Kysely<Database>,
  venue: string,
  tapes: readonly TapeExtent[],
): Promise<History> {
  const stored = (await listSeries(db)).filter((series) => series.venue === venue);
  const storedUntilMs = Math.max(0, ...stored.map((series) => series.lastCloseMs));
  const motions: (MotionPut & Series)[] = [];
  for (const tape of tapes) {
    const heard = stored.find(
      (series) => series.symbol === tape.symbol && series.timeframe === tape.timeframe,
    );
    const heardFromMs = heard?.firstOpenMs ?? storedUntilMs;
    if (tape.firstCloseMs <= heardFromMs) refuseBackward(tape, storedUntilMs);
    const { symbol, timeframe } = tape;
    for (const motion of await motionsOfSeries(db, { venue, symbol, timeframe })) {
      motions.push({ ...motion, symbol, timeframe });
    }
  }
  // Not spread into `Math.max`: a long tape has more motions than a call takes arguments.
  const putUntilMs = motions.reduce((last, motion) => Math.max(last, motion.closeTimeMs), 0);
  return new History({ storedUntilMs, putUntilMs, motions });
}

function refuseBackward(tape: TapeExtent, storedUntilMs: number): never {
  const at = (timeMs: number): string => new Date(timeMs).toISOString();
  throw new CorroError(
    'bad_candle_file',
    `${tape.symbol} ${tape.timeframe} begins at ${at(tape.firstCloseMs)}, but this market has ` +
      `reached ${at(storedUntilMs)}: use --from, or ./corro reset to start over`,
  );
}

function keyOf({ symbol, timeframe }: Series, closeTimeMs: number): string {
  return `${symbol} ${timeframe} ${closeTimeMs}`;
}
