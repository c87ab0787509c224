/** Our side of `bench/backtest.ts`, in a process of its own: neither side's garbage, heap or
 * compiled code may weigh on another. Called by it as `backtest-side.ts TASK`, a JSON task; prints
 * JSON. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Kept } from '../core/backtest/account/terms.ts';
import type { BacktestResult } from '../core/backtest/result.ts';
import type { MarketSeries } from '../core/backtest/series.ts';
import type { Gear } from '../core/backtest/strategy.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import { type MarketFile, readMarketFile, simulatedSeries } from './backtest-market.ts';
import { Bookkeeper, backtestOf, decisionsOn, type Feed, type Rule } from './backtest-ours.ts';

export type SideTask =
  | { readonly kind: 'features'; readonly market: MarketFile; readonly repeats: number }
  | {
      readonly kind: 'backtest';
      readonly market: MarketFile;
      readonly rule: Rule;
      readonly gear: Gear;
      readonly repeats: number;
    }
  | {
      readonly kind: 'simulated';
      readonly symbols: number;
      /** In each. */
      readonly candles: number;
      readonly repeats: number;
      readonly keeps: Kept;
    }
  /** The council on books that were written down before: no account, no orders. */
  | {
      readonly kind: 'deciding';
      readonly market: MarketFile;
      readonly feed: string;
      readonly repeats: number;
    }
  /** Writes our books and decisions for the peer. */
  | {
      readonly kind: 'record';
      readonly market: MarketFile;
      readonly feed: string;
      readonly decisions: string;
    };

export interface SideFigures {
  /** Seconds of the first run in a fresh process, of which the compiler has its share. */
  readonly first: number;
  /** Seconds of each later run, by the clock and by the processor (all threads of it). */
  readonly wall: readonly number[];
  readonly processor: readonly number[];
  readonly decisions: number;
  /** Largest resident memory of this process in its whole life. */
  readonly peakBytes: number;
}

/** What the last run gave: keeps the work from being optimised away. */
const sink: { value: unknown } = { value: undefined };

function measure(repeats: number, act: () => number): SideFigures {
  const wall: number[] = [];
  const processor: number[] = [];
  let decisions = 0;
  for (let count = 0; count <= repeats; count += 1) {
    const spent = process.cpuUsage();
    const startedAt = performance.now();
    decisions = act();
    wall.push((performance.now() - startedAt) / 1_000);
    const { user, system } = process.cpuUsage(spent);
    processor.push((user + system) / 1e6);
  }
  const [first = Number.NaN, ...later] = wall;
  const peakBytes = process.resourceUsage().maxRSS * 1_024;
  return { first, wall: later, processor: processor.slice(1), decisions, peakBytes };
}

/** The least that any run costs: every candle folded into its features, nothing else. */
function foldFeatures({ candles, timeframe }: MarketSeries): number {
  const engine = new FeatureEngine({ timeframe });
  for (const candle of candles) sink.value = engine.push(candle);
  return 0;
}

function decideOn(series: MarketSeries, feed: Feed): number {
  const decisions = decisionsOn(series, feed);
  sink.value = decisions;
  return decisions.length;
}

function decisionsOf(result: BacktestResult): number {
  sink.value = result;
  return result.counts.decisions;
}

/** The council's decisions in both gears, which must be the same, and the account they were made
 * with. */
function record({ market, feed, decisions }: Extract<SideTask, { kind: 'record' }>): SideFigures {
  const series = [readMarketFile(market)];
  const books = new Bookkeeper(market.candles);
  const lean = backtestOf(series, { rule: 'council', gear: 'lean', books });
  const full = backtestOf(series, { rule: 'council', gear: 'full' });
  const [said, repeated] = [lean, full].map(rowsOf) as [unknown[], unknown[]];
  if (JSON.stringify(said) !== JSON.stringify(repeated)) {
    throw new Error('the gears do not decide the same');
  }
  writeFileSync(feed, JSON.stringify(books.feed()));
  writeFileSync(decisions, JSON.stringify(said));
  return measure(0, () => lean.counts.decisions);
}

/** A row a decision, as bench/peer/run.py writes them. */
function rowsOf({ decisions }: BacktestResult): unknown[] {
  return decisions.map(({ closeTimeMs, action, confidenceBp, council }) => {
    if (council === undefined) throw new Error('a council decides by debate');
    const { trigger, verdict, contested, arms } = council;
    const { bestSingle, voteWithoutDebate: vote } = arms;
    const single = [bestSingle?.role, bestSingle?.action, bestSingle?.confidenceBp];
    const own = [closeTimeMs, trigger, verdict, action, confidenceBp, contested];
    return [...own, ...single, vote.kind, vote.action, vote.confidenceBp];
  });
}

function perform(task: SideTask): SideFigures {
  switch (task.kind) {
    case 'features': {
      const series = readMarketFile(task.market);
      return measure(task.repeats, () => foldFeatures(series));
    }
    case 'backtest': {
      const { rule, gear } = task;
      const series = [readMarketFile(task.market)];
      return measure(task.repeats, () => decisionsOf(backtestOf(series, { rule, gear })));
    }
    case 'deciding': {
      const series = readMarketFile(task.market);
      const feed = JSON.parse(readFileSync(task.feed, 'utf8')) as Feed;
      return measure(task.repeats, () => decideOn(series, feed));
    }
    case 'simulated': {
      const series = simulatedSeries(task.symbols, task.candles);
      const terms = { rule: 'council', gear: 'lean', keeps: task.keeps } as const;
      return measure(task.repeats, () => decisionsOf(backtestOf(series, terms)));
    }
    case 'record':
      return record(task);
  }
}

console.log(JSON.stringify(perform(JSON.parse(process.argv[2] ?? '') as SideTask)));
