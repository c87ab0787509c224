import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BacktestResult } from '../../core/backtest/result.ts';
import type { MarketSeries } from '../../core/backtest/series.ts';
import { type AssessInputs, assess } from '../../core/judgement/assess.ts';
import { holdRun } from '../../core/judgement/hold.ts';
import { REPOSITORY } from '../stack/home.ts';
import type { ReportInput } from './report/input.ts';

export interface JudgedInputs {
  readonly result: BacktestResult;
  /** The candles of its clock, without history. */
  readonly series: readonly MarketSeries[];
  readonly arms: NonNullable<AssessInputs['arms']>;
  readonly trials: NonNullable<AssessInputs['trials']>;
  /** Of the bootstrap; its own unless given. */
  readonly seed?: number | undefined;
  /** The words of the command line, after `corro`. */
  readonly words: readonly string[];
}

/** A run judged, with all that a report of it needs. */
export function judged({ result, series, words, seed, ...inputs }: JudgedInputs): ReportInput {
  const bootstrap = seed === undefined ? {} : { seed: String(seed) };
  const assessment = assess({ result, series, ...inputs, bootstrap });
  return {
    result,
    assessment,
    markets: series.map(({ instrument, candles }) => ({ symbol: instrument.symbol, candles })),
    hold: holdRun(result, series).curve.equity,
    madeAt: new Date().toISOString(),
    command: ['./corro', ...words].map(quoted).join(' '),
    versions: { corro: ownVersion(), node: process.versions.node },
  };
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
