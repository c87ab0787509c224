import type { BacktestResult } from '../../../core/backtest/result.ts';
import type { Assessment } from '../../../core/judgement/assessment.ts';
import type { CandleSeries } from '../../../core/market/candle-series.ts';
import type { InSample } from '../in-sample.ts';

/** Everything a report says; it computes nothing of its own beyond sums and shares. */
export interface ReportInput {
  readonly result: BacktestResult;
  readonly assessment: Assessment;
  /** A model was judged on what it was fitted on; `null` or left out: none was. */
  readonly inSample?: InSample | null;
  /** The candles of the run, for the price chart. */
  readonly markets: readonly ReportMarket[];
  /** Worth of holding at each close of `result.curve`, quote units; `null` draws none. */
  readonly hold: readonly number[] | null;
  /** When, as it is to be shown: a report has no clock of its own. */
  readonly madeAt: string;
  /** The exact command that makes this run again. */
  readonly command: string;
  /** Of programs, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface ReportMarket {
  readonly symbol: string;
  readonly candles: CandleSeries;
}
