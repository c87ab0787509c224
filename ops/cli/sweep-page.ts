import { inSampleText } from '../research/in-sample.ts';
import { settingsText } from '../research/laboratory.ts';
import { numberOf, percentOf } from '../research/report/words.ts';
import type { SweepReport, SweepRow } from '../research/sweep.ts';
import { table } from './table.ts';

/** More rows than this are for `--json`. */
const SHOWN = 20;

/** A sweep on one page: the best ones, and what the best is worth when all are remembered. */
export function sweepPage(report: SweepReport): string {
  const { rows, refused, failed, strategy, chosenBy } = report;
  const more = rows.length > SHOWN ? [`  … and ${rows.length - SHOWN} more (--json has all)`] : [];
  return [
    '',
    `${rows.length} sets of parameters of ${strategy}, the best first by ${plainName(chosenBy)}.`,
    '',
    rowsTable(rows.slice(0, SHOWN)),
    ...more,
    ...refused
      .slice(0, 5)
      .map(({ parameters, why }) => `  refused ${settingsText(parameters)}: ${why}`),
    ...failed
      .slice(0, 5)
      .map(({ parameters, why }) => `  FAILED ${settingsText(parameters)}: ${why}`),
    '',
    ...(report.inSample === null ? [] : [inSampleText(report.inSample)]),
    ...luckOf(report),
  ].join('\n');
}

function rowsTable(rows: readonly SweepRow[]): string {
  return table(
    rows,
    [
      { heading: '  PARAMETERS', cell: ({ parameters }) => `  ${settingsText(parameters)}` },
      right('SHARPE', ({ figures }) => numberOf(figures.sharpe)),
      right('SORTINO', ({ figures }) => numberOf(figures.sortino)),
      right('RETURN', ({ figures }) => percentOf(figures.totalReturn)),
      right('DRAWDOWN', ({ figures }) => percentOf(figures.maxDrawdown)),
      right('TRADES', ({ figures }) => numberOf(figures.trades, 0)),
      right('EXPOSURE', ({ figures }) => percentOf(figures.exposure)),
    ],
    '  nothing was tried',
  );
}

function right(heading: string, cell: (row: SweepRow) => string) {
  return { heading, cell, align: 'right' } as const;
}

function luckOf({ deflated, overfitting, rows }: SweepReport): readonly string[] {
  if (deflated === null) return [];
  const kept = `${deflated.trials} trials were ever made on these candles`;
  return [`${kept}; ${chanceText(deflated)}.`, overfittingText(overfitting, rows.length)];
}

function chanceText({ deflated, sharpe }: NonNullable<SweepReport['deflated']>): string {
  if (deflated !== null) {
    const chance = percentOf(deflated, 1);
    return `the best one's Sharpe ratio is more than luck with probability ${chance}`;
  }
  if (sharpe === null) return 'the best one has no Sharpe ratio to judge';
  return 'how much of the best one is luck is not known';
}

function overfittingText(overfitting: SweepReport['overfitting'], trials: number): string {
  if (overfitting === null) {
    return trials < 2
      ? 'One set alone cannot be overfitted by choosing.'
      : 'Too few closes to say how likely the choice is overfitted.';
  }
  const { probability, lossProbability, splits } = overfitting;
  const chance = percentOf(probability, 1);
  const loss = percentOf(lossProbability, 1);
  return (
    `Probability of overfitting ${chance}: in so many of ${splits} splits the best one of ` +
    `one half was not above the middle in the other; it lost money there in ${loss}.`
  );
}

function plainName(choice: SweepReport['chosenBy']): string {
  return { totalReturn: 'total return', annualReturn: 'annual return' }[choice as string] ?? choice;
}
