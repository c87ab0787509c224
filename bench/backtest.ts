/** Candles a second of a whole backtest, against backtesting.py with the same rules on the same
 * candles, in one run.
 *
 *     node bench/backtest.ts [--json] [--quick] [--candles N] [--file CANDLES.csv]
 *                            [--only peer,many,threads,memory]
 *
 * First the decisions: the council lean, the council full and the peer in both its gears must say
 * the same at every motion (close, trigger, verdict, action, confidence, contested, and what the
 * control arms say); the peer is given our account as it stood, because what is held is part of the
 * facts. Any difference ends the bench with exit code 1. Then both sides are timed in turns, each
 * in a fresh process, and the median counts; beside the whole backtest also the bare feature loop,
 * and the deciding alone, on the books of that run, as the peer is given them. Then ours alone: a
 * thousand symbols against one, two threads against one, and the memory of a long run that keeps
 * what metrics are made of (fills, trades and curve), but neither decisions nor orders.
 *
 * Not measured: reading candle files, metrics and reports of ours (backtesting.py's statistics are
 * in its time), the servers, other machines. Ours is timed after a first run that compiled it; that
 * first run is printed too. `--quick`: a fifth of the candles, one turn. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCandleFile } from '../adapters/tape/tape.ts';
import { WARM_UP_CANDLES } from '../core/features/engine.ts';
import { ensurePython } from '../ops/python/environment.ts';
import { type SharedMarkets, seriesOf, shareMarkets } from '../ops/research/market-data.ts';
import { runOnThreads } from '../ops/research/pool.ts';
import { type MarketFile, simulatedSeries } from './backtest-market.ts';
import { type PeerRun, runPeer } from './backtest-peer.ts';
import { printFigures } from './backtest-print.ts';
import type { SideFigures, SideTask } from './backtest-side.ts';
import { percentile } from './statistics.ts';

/** How much is done. Candles are of one market, unless said. */
interface Plan {
  readonly candles: number;
  readonly turns: number;
  /** Timed runs of ours in one turn, after the first. */
  readonly repeats: number;
  readonly symbols: number;
  /** In each of so many symbols. */
  readonly candlesEach: number;
  readonly sweepRuns: number;
  readonly sweepCandles: number;
  readonly longCandles: number;
}

const WHOLE: Plan = {
  candles: 100_000,
  turns: 3,
  repeats: 3,
  symbols: 1_000,
  candlesEach: 400,
  sweepRuns: 8,
  sweepCandles: 100_000,
  longCandles: 10_000_000,
};

const QUICK: Plan = {
  candles: 20_000,
  turns: 1,
  repeats: 3,
  symbols: 1_000,
  candlesEach: 100,
  sweepRuns: 4,
  sweepCandles: 20_000,
  longCandles: 1_000_000,
};

const GEARS = ['lean', 'full'] as const;

/** Candles a second by the clock and by the processor: medians of all turns. */
export interface Rate {
  readonly wall: number;
  readonly processor: number;
}

export interface Figures {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly peer: PeerComparison | null;
  readonly many: ManyMarkets | null;
  readonly threads: Threads | null;
  readonly memory: LongRun | null;
}

interface PeerComparison {
  readonly python: string;
  readonly data: string;
  readonly candles: number;
  readonly motions: number;
  /** Motions on which a side said something else than our lean gear. */
  readonly differing: Readonly<Record<string, number>>;
  /** Ours: `features`, `deciding`, `lean` …; the peer's: `peer lean`, `peer lean, tuned` … */
  readonly rates: Readonly<Record<string, Rate>>;
  /** Ours in a fresh process, by the clock. */
  readonly firstRun: Readonly<Record<string, number>>;
}

interface ManyMarkets {
  readonly symbols: number;
  readonly candles: number;
  /** A candle after the warm-up, whose candles are cheaper. */
  readonly microsecondsOne: number;
  readonly microsecondsMany: number;
  readonly ratio: number;
}

interface Threads {
  readonly runs: number;
  readonly candlesEach: number;
  readonly secondsOne: number;
  readonly secondsTwo: number;
  readonly ratio: number;
}

interface LongRun {
  readonly candles: number;
  readonly decisions: number;
  readonly seconds: number;
  readonly peakMegabytes: number;
}

const SIDE = new URL('backtest-side.ts', import.meta.url).pathname;

function runSide(task: SideTask): SideFigures {
  const output = execFileSync(process.execPath, [SIDE, JSON.stringify(task)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as SideFigures;
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The candles everything is compared on, in a file that both languages read. */
async function marketIn(folder: string, plan: Plan, file?: string): Promise<MarketFile> {
  const markets =
    file === undefined
      ? simulatedSeries(1, plan.candles)
      : seriesOf(shareMarkets([await readCandleFile(file, {})]));
  const [series] = markets;
  if (series === undefined) throw new RangeError('there must be a market');
  const { instrument, timeframe, candles } = series;
  const path = join(folder, 'candles.f64');
  const { buffer, byteOffset, byteLength } = candles.numbers;
  writeFileSync(path, new Uint8Array(buffer, byteOffset, byteLength));
  return { path, instrument, timeframe, candles: candles.length };
}

interface Bench {
  readonly plan: Plan;
  readonly market: MarketFile;
  readonly folder: string;
  readonly python: string;
}

const PEERS: Readonly<Record<string, Omit<PeerRun, 'feed'>>> = {
  'peer lean': { strategy: 'council', gear: 'lean' },
  'peer lean, tuned': { strategy: 'council', gear: 'lean', tuned: true },
  'peer full': { strategy: 'council', gear: 'full' },
  'peer full, tuned': { strategy: 'council', gear: 'full', tuned: true },
};

function compareDecisions({ market, folder, python }: Bench) {
  const feed = join(folder, 'feed.json');
  const own = join(folder, 'ours.json');
  runSide({ kind: 'record', market, feed, decisions: own });
  const ours = JSON.parse(readFileSync(own, 'utf8')) as unknown[];
  const differing: Record<string, number> = {};
  for (const [name, run] of Object.entries(PEERS)) {
    const decisions = join(folder, 'peer.json');
    runPeer(python, market, { ...run, feed, decisions });
    const theirs = JSON.parse(readFileSync(decisions, 'utf8')) as unknown[];
    differing[name] = difference(ours, theirs);
    note(`${name}: ${theirs.length} motions, ${differing[name]} differ`);
  }
  return { motions: ours.length, differing };
}

function difference(ours: readonly unknown[], theirs: readonly unknown[]): number {
  let count = Math.abs(ours.length - theirs.length);
  for (let at = 0; at < Math.min(ours.length, theirs.length); at += 1) {
    const [own, other] = [JSON.stringify(ours[at]), JSON.stringify(theirs[at])];
    if (own === other) continue;
    count += 1;
    if (count <= 3) note(`ours ${own}\npeer ${other}`);
  }
  return count;
}

/** Everything once a turn, so that a busy minute meets all alike. */
function timeInTurns({ plan, market, folder, python }: Bench) {
  const { repeats } = plan;
  const wall: Record<string, number[]> = {};
  const processor: Record<string, number[]> = {};
  const firstRun: Record<string, number> = {};
  const keep = (name: string, figures: Pick<SideFigures, 'wall' | 'processor'>): void => {
    wall[name] = [...(wall[name] ?? []), ...figures.wall];
    processor[name] = [...(processor[name] ?? []), ...figures.processor];
  };
  const keepOurs = (name: string, task: SideTask): void => {
    const figures = runSide(task);
    firstRun[name] ??= market.candles / figures.first;
    keep(name, figures);
  };
  const feed = join(folder, 'feed.json');
  let version = '';
  for (let turn = 1; turn <= plan.turns; turn += 1) {
    note(`turn ${turn} of ${plan.turns}`);
    keepOurs('features', { kind: 'features', market, repeats });
    keepOurs('deciding', { kind: 'deciding', market, feed, repeats });
    for (const gear of GEARS) {
      keepOurs(gear, { kind: 'backtest', rule: 'council', gear, market, repeats });
    }
    keepOurs('trend', { kind: 'backtest', rule: 'trend-following', gear: 'lean', market, repeats });
    for (const [name, run] of Object.entries(PEERS)) {
      keep(name, runPeer(python, market, { ...run, feed }));
    }
    const peer = runPeer(python, market, { strategy: 'sma' });
    version = peer.python;
    keep('peer trend', peer);
  }
  const rates = Object.fromEntries(
    Object.keys(wall).map((name) => [name, rateOf(wall[name], processor[name], market.candles)]),
  );
  return { rates, firstRun, python: version };
}

function rateOf(wall: readonly number[] = [], processor: readonly number[] = [], candles: number) {
  return { wall: candles / median(wall), processor: candles / median(processor) };
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** As many candles in one market as in many. */
function timeMany({ symbols, candlesEach }: Plan): ManyMarkets {
  const candles = symbols * candlesEach;
  const microseconds = (market: { readonly symbols: number; readonly candles: number }): number => {
    const { wall } = runSide({ kind: 'simulated', ...market, repeats: 2, keeps: 'everything' });
    return (median(wall) / (candles - market.symbols * WARM_UP_CANDLES)) * 1e6;
  };
  note(`${symbols} symbols against one`);
  const microsecondsOne = microseconds({ symbols: 1, candles });
  const microsecondsMany = microseconds({ symbols, candles: candlesEach });
  const ratio = microsecondsMany / microsecondsOne;
  return { symbols, candles, microsecondsOne, microsecondsMany, ratio };
}

/** The same backtests on one worker thread and on two, candles in shared memory. */
async function timeThreads(plan: Plan): Promise<Threads> {
  note('two threads against one');
  const markets = simulatedSeries(1, plan.sweepCandles).map(({ instrument, candles }) => ({
    instrument,
    numbers: candles.numbers,
    hash: '',
  }));
  const shared: SharedMarkets = { timeframe: '5m', quote: 'USDT', markets };
  const thread = new URL('backtest-thread.ts', import.meta.url);
  const tasks = Array.from({ length: plan.sweepRuns }, (_, place) => place);
  const secondsOn = async (threads: number): Promise<number> => {
    const startedAt = performance.now();
    const outcomes = await runOnThreads(tasks, { thread, threads, shared, nameOf: String });
    for (const outcome of outcomes) if (!outcome.ok) throw new Error(outcome.fault.text);
    return (performance.now() - startedAt) / 1_000;
  };
  const seconds: [number[], number[]] = [[], []];
  for (let turn = 0; turn < plan.turns; turn += 1) {
    seconds[0].push(await secondsOn(1));
    seconds[1].push(await secondsOn(2));
  }
  const [secondsOne, secondsTwo] = [median(seconds[0]), median(seconds[1])];
  const { sweepRuns: runs, sweepCandles: candlesEach } = plan;
  return { runs, candlesEach, secondsOne, secondsTwo, ratio: secondsOne / secondsTwo };
}

function runLong({ longCandles }: Plan): LongRun {
  note(`${longCandles} candles in one run`);
  const { first, decisions, peakBytes } = runSide({
    kind: 'simulated',
    symbols: 1,
    candles: longCandles,
    repeats: 0,
    keeps: 'figures',
  });
  return { candles: longCandles, decisions, seconds: first, peakMegabytes: peakBytes / 1e6 };
}

async function comparePeer(plan: Plan, file?: string): Promise<PeerComparison> {
  const { python } = await ensurePython('bench');
  const folder = mkdtempSync(join(tmpdir(), 'corro-bench-backtest-'));
  try {
    const market = await marketIn(folder, plan, file);
    const bench = { plan, market, folder, python };
    const compared = compareDecisions(bench);
    const data = file ?? `simulated, ${market.instrument.symbol} ${market.timeframe}`;
    return { data, candles: market.candles, ...compared, ...timeInTurns(bench) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PARTS = ['peer', 'many', 'threads', 'memory'] as const;
type Part = (typeof PARTS)[number];

async function measure(plan: Plan, parts: readonly Part[], file?: string): Promise<Figures> {
  const loadBefore = loadavg()[0] ?? 0;
  const peer = parts.includes('peer') ? await comparePeer(plan, file) : null;
  const many = parts.includes('many') ? timeMany(plan) : null;
  const threads = parts.includes('threads') ? await timeThreads(plan) : null;
  const memory = parts.includes('memory') ? runLong(plan) : null;
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    node: process.version,
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
    peer,
    many,
    threads,
    memory,
  };
}

function partsAsked(only: string | undefined): readonly Part[] {
  if (only === undefined) return PARTS;
  return only.split(',').map((name) => {
    const part = PARTS.find((one) => one === name);
    if (part === undefined)
      throw new RangeError(`--only must be of ${PARTS.join(', ')}, was ${name}`);
    return part;
  });
}

function planAsked(quick: boolean, candles?: string): Plan {
  const plan = quick ? QUICK : WHOLE;
  if (candles === undefined) return plan;
  const count = Number(candles);
  if (Number.isInteger(count) && count > 0) return { ...plan, candles: count };
  throw new RangeError(`--candles must be a positive integer, was ${candles}`);
}

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    candles: { type: 'string' },
    file: { type: 'string' },
    only: { type: 'string' },
  },
});
const plan = planAsked(flags.quick, flags.candles);
const figures = await measure(plan, partsAsked(flags.only), flags.file);
if (flags.json) console.log(JSON.stringify(figures));
else printFigures(figures);
const differing = Object.values(figures.peer?.differing ?? {});
if (differing.some((count) => count > 0)) process.exitCode = 1;
