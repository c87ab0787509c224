import { settingsText } from '../research/laboratory.ts';
import type { ReportInput } from '../research/report/input.ts';
import { numberOf, percentOf } from '../research/report/words.ts';
import type { FoldReport } from '../research/walkforward.ts';
import { backtestPage } from './backtest-page.ts';
import { table } from './table.ts';

/** A walk forward on one page: what each training chose and what became of it, then the joined
 * tests as one run. */
export function walkPage(folds: readonly FoldReport[], input: ReportInput): string {
  return [
    '',
    'What was chosen in training, and what it did afterwards:',
    '',
    table(
      folds,
      [
        { heading: '  TEST', cell: ({ test }) => `  ${day(test.fromMs)} to ${day(test.toMs)}` },
        { heading: 'CHOSEN', cell: ({ chosen }) => settingsText(chosen) },
        right('OF', ({ tried }) => String(tried)),
        right('SHARPE THERE', ({ trained }) => numberOf(trained.sharpe)),
        right('AFTERWARDS', ({ tested }) => numberOf(tested.sharpe)),
        right('RETURN', ({ tested }) => percentOf(tested.totalReturn)),
        right('TRADES', ({ tested }) => numberOf(tested.trades, 0)),
      ],
      '  no window',
    ),
    '',
    'All tests one after the other, none of which its parameters were chosen on:',
    backtestPage(input),
  ].join('\n');
}

function right(heading: string, cell: (row: FoldReport) => string) {
  return { heading, cell, align: 'right' } as const;
}

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
