import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BacktestResult } from '../../core/backtest/result.ts';
import type { MarketSeries } from '../../core/backtest/series.ts';
import { type AssessInputs, assess, withoutHistory } from '../../core/judgement/assess.ts';
import { holdRun } from '../../core/judgement/hold.ts';
import type { Run } from '../../core/judgement/returns.ts';
import type { Predictions } from '../../core/models/contract.ts';
import { REPOSITORY } from '../stack/home.ts';
import { inSampleOf } from './in-sample.ts';
import type { ReportInput } from './report/input.ts';

export interface JudgedInputs {
  readonly result: BacktestResult;
  /** The candles of its clock, and what came before it where there is anything: regimes and ranges
   * are warm then when the run begins. */
  readonly series: readonly MarketSeries[];
  readonly arms: readonly {
    readonly name: string;
    readonly run: Run & Pick<BacktestResult, 'strategy'>;
  }[];
  readonly trials: NonNullable<AssessInputs['trials']>;
  /** What a strategy was told to ask; `null`: nothing. */
  readonly model: Predictions['model'] | null;
  /** Of the bootstrap; its own unless given. */
  readonly seed?: number | undefined;
  /** The words of the command line, after `corro`. */
  readonly words: readonly string[];
}

/** A run judged, with all that a report of it needs. */
export function judged(inputs: JudgedInputs): ReportInput {
  const { result, series, arms, trials, model, words, seed } = inputs;
  const bootstrap = seed === undefined ? {} : { seed: String(seed) };
  const assessment = assess({ result, series, arms, trials, bootstrap });
  const { fromMs } = result.data;
  const clock = withoutHistory(series, fromMs);
  const runs = [result, ...arms.map(({ run }) => run)];
  return {
    result,
    assessment,
    inSample: inSampleOf({ model, runs, fromMs }),
    markets: clock.map(({ instrument, candles }) => ({ symbol: instrument.symbol, candles })),
    hold: holdRun(result, clock).curve.equity,
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
