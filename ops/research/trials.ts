import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { RESULT_VERSION } from '../../core/backtest/result.ts';
import { hashOf } from '../../core/hash.ts';
import { asked, writeAll } from './files.ts';

/** One run of one strategy with one set of parameters on one stretch of data. Everything a command
 * says of a trial it takes from here, so that one that was found again says what it said at first.
 * Raised with every change of shape. */
const TRIAL_VERSION = 1;

const FIGURE = z.number().nullable();

/** What is kept of a trial's metrics: those that trials are chosen and listed by. */
const FIGURES = z.object({
  totalReturn: FIGURE,
  annualReturn: FIGURE,
  annualVolatility: FIGURE,
  sharpe: FIGURE,
  sortino: FIGURE,
  calmar: FIGURE,
  maxDrawdown: z.number(),
  exposure: z.number(),
  trades: z.number(),
  winRate: FIGURE,
  profitFactor: FIGURE,
  feesPaid: z.string().nullable(),
});
export type Figures = z.infer<typeof FIGURES>;

/** Of one close's returns, not of a year's: what deflation is about. */
const MOMENTS = z.object({
  count: z.number(),
  mean: z.number(),
  deviation: FIGURE,
  downside: z.number(),
  skewness: FIGURE,
  kurtosis: FIGURE,
});

const STRETCH = z.object({
  /** Of the candle numbers of all series and of the stretch that was traded. */
  hash: z.string(),
  timeframe: z.string(),
  symbols: z.array(z.string()),
  fromMs: z.number(),
  toMs: z.number(),
});
/** The data a trial saw. */
export type Stretch = z.infer<typeof STRETCH>;

const SUMS = z.array(z.number()).readonly();

const TRIAL = z.object({
  version: z.literal(TRIAL_VERSION),
  hash: z.string(),
  at: z.string(),
  command: z.string(),
  strategy: z.object({
    name: z.string(),
    version: z.number(),
    parameters: z.record(z.string(), z.unknown()),
  }),
  data: STRETCH,
  account: z.record(z.string(), z.unknown()),
  figures: FIGURES,
  moments: MOMENTS,
  /** Its returns in sums over sixteen stretches of time (`trialBlocks` of core/judgement), from
   * which the probability of overfitting is computed; `null`: too few returns. */
  blocks: z.object({ counts: SUMS, sums: SUMS, squares: SUMS }).nullable(),
});
export type Trial = z.infer<typeof TRIAL>;

export interface TrialKey {
  readonly strategy: Trial['strategy'];
  readonly data: Stretch;
  /** Every term of the account, defaults filled in. */
  readonly account: Readonly<Record<string, unknown>>;
}

/** Two runs with equal strategy, version, parameters, data and account terms are one trial. */
export function trialHash({ strategy, data, account }: TrialKey): string {
  return hashOf({ result: RESULT_VERSION, strategy, data: data.hash, account });
}

/** Everything that was ever tried in one home folder: `research/trials.jsonl`, one line a trial,
 * only ever appended to. A line that a killed process left half written is passed over, and the
 * next one begins on a line of its own. */
export class TrialStore {
  readonly path: string;
  readonly #trials = new Map<string, Trial>();
  #damaged = 0;

  private constructor(path: string) {
    this.path = path;
  }

  static async open(home: string): Promise<TrialStore> {
    const store = new TrialStore(join(home, 'research', 'trials.jsonl'));
    await store.#read();
    return store;
  }

  /** Lines that are no trials. */
  get damaged(): number {
    return this.#damaged;
  }

  get all(): readonly Trial[] {
    return [...this.#trials.values()];
  }

  find(hash: string): Trial | undefined {
    return this.#trials.get(hash);
  }

  /** Keeps a trial for ever; one of the same hash is kept once, the newest. Throws `disk_full`. */
  add(fields: Omit<Trial, 'version'>): Trial {
    const trial: Trial = { version: TRIAL_VERSION, ...fields };
    asked(this.path, () => append(this.path, `${JSON.stringify(trial)}\n`));
    this.#trials.set(trial.hash, trial);
    return trial;
  }

  /** The trials that saw any candle of a stretch: same markets, same timeframe, in times that
   * overlap. In the order of their hashes, so that nothing depends on which was done first. */
  overlapping(stretch: Stretch): readonly Trial[] {
    return this.all
      .filter(({ data }) => overlap(data, stretch))
      .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  }

  async #read(): Promise<void> {
    if (!existsSync(this.path)) return;
    const lines = createInterface({ input: createReadStream(this.path), crlfDelay: Infinity });
    for await (const line of lines) {
      const trial = line === '' ? null : parseTrial(line);
      if (trial !== null) this.#trials.set(trial.hash, trial);
      else if (line !== '') this.#damaged += 1;
    }
  }
}

function parseTrial(line: string): Trial | null {
  try {
    return TRIAL.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function overlap(one: Stretch, other: Stretch): boolean {
  if (one.timeframe !== other.timeframe) return false;
  if (one.fromMs > other.toMs || other.fromMs > one.toMs) return false;
  return one.symbols.some((symbol) => other.symbols.includes(symbol));
}

/** One write for one line: two commands at once do not mix theirs. */
function append(path: string, line: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'a+');
  try {
    writeAll(file, Buffer.from(endsWhole(file) ? line : `\n${line}`));
  } finally {
    closeSync(file);
  }
}

function endsWhole(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}
