import { Random } from '../../../core/random.ts';
import { CorroError } from '../../../proto/errors.ts';
import type { Laboratory } from '../laboratory.ts';
import { type SharedMarkets, seriesOf } from '../market-data.ts';
import { describeStrategy, type StrategyRequest } from '../strategy-of.ts';
import type { AccountRequest } from '../terms.ts';
import { WAYS, type Way } from './changed-future.ts';
import { closeTimesOf, type Mark, type Moved } from './future-check.ts';
import { type HistoryFinding, STANDS } from './history-check.ts';
import type { FutureTask, HistoryTask } from './tasks.ts';

/** Raised with every change of shape. */
export const LOOKAHEAD_VERSION = 1;

/** Indicators that feed on themselves never wholly forget where they began, and a reading a
 * thousandth away may tip a decision that stood on the edge: so many in a hundred decisions after
 * the warm-up may differ. One that needs more past than declared differs in far more. */
export const TOLERATED_SHARE = 0.02;

/** Closes compared after each declared warm-up. */
const COMPARED_CLOSES = 240;

export interface LookaheadInputs {
  readonly laboratory: Laboratory;
  readonly markets: SharedMarkets;
  readonly account: AccountRequest;
  readonly strategy: StrategyRequest;
  readonly trials: number;
  readonly seed: number;
}

export interface LookaheadReport {
  readonly version: typeof LOOKAHEAD_VERSION;
  readonly strategy: string;
  /** Candles; `null`: all of the past, by its own account. */
  readonly warmup: number | null;
  readonly seed: number;
  readonly future: {
    readonly trials: number;
    /** Decisions and fills that were compared, over all trials. */
    readonly compared: number;
    readonly moved: readonly Moved[];
  };
  /** `null` where nothing is declared to be forgotten: there is nothing to hold it to. */
  readonly history: HistoryReport | null;
  readonly clean: boolean;
}

export interface HistoryReport {
  readonly trials: number;
  readonly compared: number;
  readonly differing: number;
  /** Share of the compared that may differ. */
  readonly tolerated: number;
  /** Moments only one of two runs chose, of a strategy that chooses its own. */
  readonly otherMoments: number;
  readonly first: HistoryFinding['first'];
  readonly drift: HistoryFinding['drift'];
  readonly enough: boolean;
}

/** Looks for knowledge of the future and for undeclared need of the past, at random candles of the
 * markets. */
export async function look(inputs: LookaheadInputs): Promise<LookaheadReport> {
  const { laboratory, strategy, account, seed } = inputs;
  const described = await describeStrategy(strategy, account);
  if ('refused' in described) throw new CorroError('bad_configuration', described.refused);
  const warmup = Number.isFinite(described.warmup) ? described.warmup : null;
  const times = closeTimesOf(seriesOf(inputs.markets));
  expectEnough(times.length, warmup ?? 0);
  const marks = { kind: 'marks', strategy, account } as const;
  const [known] = (await laboratory.perform<readonly Mark[]>([marks], 'as it is')) as [
    readonly Mark[],
  ];
  expectDecisions(strategy.name, known);
  const futures = futureTasks(inputs, { times, marks: known });
  const moves = await laboratory.perform<Moved | null>(futures, 'other futures');
  const moved = moves.filter((one) => one !== null);
  const history = warmup === null ? null : await lookBack(inputs, { times, warmup });
  return {
    version: LOOKAHEAD_VERSION,
    strategy: strategy.name,
    warmup,
    seed,
    future: { trials: futures.length, compared: comparedIn(futures, known), moved },
    history,
    clean: moved.length === 0 && history?.enough !== false,
  };
}

async function lookBack(
  inputs: LookaheadInputs,
  past: { readonly times: readonly number[]; readonly warmup: number },
): Promise<HistoryReport> {
  const tasks = historyTasks(inputs, past);
  const found = await inputs.laboratory.perform<HistoryFinding>(tasks, 'less past');
  return historyReport(found, inputs.trials);
}

function expectEnough(closes: number, warmup: number): void {
  const least = warmup + 2;
  if (closes >= least) return;
  const detail = `lookahead needs at least ${least} closes, warm-up included, found ${closes}`;
  throw new CorroError('bad_candle_file', detail);
}

/** What decided nothing was not looked at: it must not be called clean. */
function expectDecisions(name: string, marks: readonly Mark[]): void {
  if (marks.length > 0) return;
  const detail = `lookahead needs decisions to compare, ${name} made none on these candles`;
  throw new CorroError('bad_candle_file', detail);
}

/** Every way in turn. */
function futureTasks(
  { strategy, account, seed, trials }: LookaheadInputs,
  { times, marks }: { readonly times: readonly number[]; readonly marks: readonly Mark[] },
): readonly FutureTask[] {
  const random = new Random(seed, 'lookahead', 'future');
  const moments = momentsOf(marks, times);
  return Array.from({ length: trials }, (_, at) => ({
    kind: 'future' as const,
    ...{ strategy, account, marks },
    atMs: random.pick(Math.floor(at / WAYS.length) % 2 === 0 ? moments.decided : moments.any),
    way: WAYS[at % WAYS.length] as Way,
    seed: random.whole(0, 1_000_000),
  }));
}

/** After which closes the future may be made another one. A look one candle ahead shows in nothing
 * but what is decided at that very close, and who decides once in a hundred closes would be met
 * there once in a hundred trials: every other round of ways begins right after a decision. */
export function momentsOf(
  marks: readonly Mark[],
  times: readonly number[],
): { readonly decided: readonly number[]; readonly any: readonly number[] } {
  const any = times.slice(firstMark(marks, times), -1);
  const decisions = marks.filter(({ kind }) => kind === 'decision').map(({ timeMs }) => timeMs);
  const last = any.at(-1) ?? 0;
  const decided = [...new Set(decisions)].filter((timeMs) => timeMs <= last);
  return { decided: decided.length > 0 ? decided : any, any };
}

/** Place of the first close with anything to compare. */
function firstMark(marks: readonly Mark[], times: readonly number[]): number {
  const [mark] = marks;
  const place = mark === undefined ? 0 : times.findIndex((timeMs) => timeMs >= mark.timeMs);
  return Math.min(Math.max(0, place), times.length - 2);
}

function comparedIn(tasks: readonly FutureTask[], marks: readonly Mark[]): number {
  return tasks.reduce(
    (sum, { atMs }) => sum + marks.filter(({ timeMs }) => timeMs <= atMs).length,
    0,
  );
}

/** At random closes far enough into the data for there to be more past than the warm-up, flat and
 * holding. */
function historyTasks(
  { strategy, account, seed, trials }: LookaheadInputs,
  { times, warmup }: { readonly times: readonly number[]; readonly warmup: number },
): readonly HistoryTask[] {
  const random = new Random(seed, 'lookahead', 'history');
  const last = Math.max(warmup + 1, times.length - COMPARED_CLOSES);
  return Array.from({ length: trials }, (_, at) => {
    const from = random.whole(Math.min(2 * warmup, last), last);
    const to = Math.min(from + COMPARED_CLOSES, times.length - 1);
    return {
      kind: 'history' as const,
      ...{ strategy, account },
      fromMs: times[from] as number,
      toMs: times[to] as number,
      stand: STANDS[at % STANDS.length] as HistoryTask['stand'],
    };
  });
}

function historyReport(found: readonly HistoryFinding[], trials: number): HistoryReport {
  const sum = (of: (finding: HistoryFinding) => number): number =>
    found.reduce((total, finding) => total + of(finding), 0);
  const compared = sum((finding) => finding.compared);
  const differing = sum((finding) => finding.differing);
  const drifts = found.flatMap(({ drift }) => (drift === null ? [] : [drift]));
  return {
    trials,
    compared,
    differing,
    tolerated: TOLERATED_SHARE,
    otherMoments: sum((finding) => finding.otherMoments),
    first: found.find(({ first }) => first !== null)?.first ?? null,
    drift: drifts.sort((a, b) => b.size - a.size)[0] ?? null,
    enough: differing <= compared * TOLERATED_SHARE,
  };
}
