import { execFileSync } from 'node:child_process';
import { TIMEFRAMES } from '../core/market/candle.ts';
import type { MarketFile } from './backtest-market.ts';

/** backtesting.py in a process of its own (bench/peer/run.py). `tuned`: the ring's columns as plain
 * lists; without it as that framework's documentation writes a strategy, every column an
 * indicator of its own. */
export interface PeerRun {
  readonly strategy: 'council' | 'sma';
  readonly gear?: 'lean' | 'full';
  readonly tuned?: boolean;
  /** Our own account as it stood. */
  readonly feed?: string;
  /** Where its decisions are written. */
  readonly decisions?: string;
}

export interface PeerFigures {
  /** Seconds of each run, by the clock and by the processor. */
  readonly wall: readonly number[];
  readonly processor: readonly number[];
  readonly decisions: number;
  readonly utterances: number;
  readonly trades: number;
  readonly python: string;
}

const SCRIPT = new URL('peer/run.py', import.meta.url).pathname;

export function runPeer(python: string, market: MarketFile, run: PeerRun): PeerFigures {
  const { strategy, gear, tuned, feed, decisions } = run;
  const options = [
    ...(gear === undefined ? [] : ['--gear', gear]),
    ...(tuned === true ? ['--tuned'] : []),
    ...(feed === undefined ? [] : ['--feed', feed]),
    ...(decisions === undefined ? [] : ['--decisions', decisions]),
  ];
  const output = execFileSync(
    python,
    // Without byte code: nothing is left in the tree.
    ['-B', SCRIPT, strategy, market.path, String(TIMEFRAMES[market.timeframe]), ...options],
    { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(output) as PeerFigures;
}
