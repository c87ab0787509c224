import type { Assessment, Interval, Metrics } from '../../../core/judgement/assessment.ts';
import type { Table } from './page-data.ts';
import { moneyOf, numberOf, percentOf, rangeOf, spanText } from './words.ts';

interface Measure {
  readonly name: string;
  of(metrics: Metrics): string;
  readonly interval?: keyof Assessment['intervals'];
}

const plainNumber = (value: number): string => numberOf(value);

const MEASURES: readonly Measure[] = [
  { name: 'Total return', of: (m) => percentOf(m.totalReturn), interval: 'totalReturn' },
  { name: 'Annual return', of: (m) => percentOf(m.annualReturn) },
  {
    name: 'Annual growth, logarithmic',
    of: (m) => percentOf(m.annualGrowth),
    interval: 'annualGrowth',
  },
  { name: 'Annual volatility', of: (m) => percentOf(m.annualVolatility) },
  { name: 'Sharpe ratio', of: (m) => numberOf(m.sharpe), interval: 'sharpe' },
  { name: 'Sortino ratio', of: (m) => numberOf(m.sortino) },
  { name: 'Calmar ratio', of: (m) => numberOf(m.calmar) },
  { name: 'Largest drawdown', of: (m) => percentOf(m.maxDrawdown.depth) },
  { name: 'Longest time below a peak', of: (m) => spanText(m.maxDrawdown.longestMs) },
  { name: 'Mean exposure', of: (m) => percentOf(m.exposure) },
  { name: 'Time in the market', of: (m) => percentOf(m.timeInMarket) },
  { name: 'Turnover a year, times equity', of: (m) => numberOf(m.turnover) },
  { name: 'Closed trades', of: (m) => numberOf(m.trades, 0) },
  { name: 'Still open', of: (m) => numberOf(m.openTrades, 0) },
  { name: 'Trades won', of: (m) => percentOf(m.winRate) },
  { name: 'Profit factor', of: (m) => numberOf(m.profitFactor) },
  { name: 'Mean return of a trade', of: (m) => percentOf(m.expectancyReturn) },
  { name: 'Skewness of returns', of: (m) => numberOf(m.skewness) },
  { name: 'Kurtosis of returns (3 is normal)', of: (m) => numberOf(m.kurtosis) },
];

/** The run's figures, their intervals and those of holding. */
export function measuresTable({ metrics, hold, intervals }: Assessment, quote: string): Table {
  const writers = { sharpe: plainNumber, annualGrowth: percentOf, totalReturn: percentOf };
  const rows = MEASURES.map(({ name, of, interval }) => [
    name,
    of(metrics),
    interval === undefined ? '' : rangeOf(intervals[interval], writers[interval]),
    of(hold),
  ]);
  const money = (name: string, of: (m: Metrics) => string) => [name, of(metrics), '', of(hold)];
  const level = Object.values(intervals).find((one): one is Interval => one !== null)?.level;
  return {
    title: '',
    note: 'After fees, spread and slippage. Formulas: docs/metrics.md.',
    columns: [
      { heading: '', numeric: false },
      { heading: 'This run', numeric: true },
      { heading: `${numberOf((level ?? 0.95) * 100, 0)} % interval`, numeric: true },
      { heading: 'Holding', numeric: true },
    ],
    rows: [
      money(`Worth at the end, ${quote}`, (m) => numberOf(m.finalEquity)),
      ...rows,
      money(`Mean profit of a trade, ${quote}`, (m) => numberOf(m.expectancy)),
      money('Fills', (m) => numberOf(m.fills, 0)),
      money(`Fees paid, ${quote}`, (m) => moneyOf(m.feesPaid)),
    ],
  };
}

/** What is left of the Sharpe ratio when the number of trials is known. */
export function deflatedTable({ deflated }: Assessment): Table {
  const { trials, trialVariance, sharpe, benchmark, probabilistic } = deflated;
  return {
    title: 'Was it luck?',
    note:
      'The more is tried, the better the best looks by chance. Sharpe ratios here are of one ' +
      'period, not of a year (Bailey and López de Prado, 2014).',
    columns: [
      { heading: '', numeric: false },
      { heading: 'Value', numeric: true },
    ],
    rows: [
      ['Trials until this one was chosen', numberOf(trials, 0)],
      ['Variance of their Sharpe ratios', digits(trialVariance)],
      ['Sharpe ratio of one period', digits(sharpe)],
      ['What the best of so many would show without skill', digits(benchmark)],
      ['Probability that the true ratio is above zero', percentOf(probabilistic)],
      ['Probability that it is above what luck would show', percentOf(deflated.deflated)],
    ],
  };
}

function digits(value: number | null): string {
  return value === null ? '—' : value.toPrecision(3).replace('-', '−');
}
