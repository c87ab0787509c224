import type { BacktestResult } from '../../../core/backtest/result.ts';
import type { ReportInput } from './input.ts';
import { closeText, momentText } from './page/scale.ts';
import type { Column, Table } from './page-data.ts';
import { numberOf, percentOf, plain } from './words.ts';

/** Data, settings, costs, seed and versions: what it takes to make the run again. */
export function makingTables({ result, assessment, versions }: ReportInput): Table[] {
  const { strategy, account, counts } = result;
  const { bootstrap, outcomes } = assessment;
  const pairs: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    [
      'Strategy',
      { name: strategy.name, version: strategy.version, gear: result.gear, ...strategy.parameters },
    ],
    ['Account', { quote: account.quote, capital: account.capital, ...account.settings }],
    ['Costs and the market they are met in', account.conditions],
    [
      'Counts',
      {
        candles: numberOf(counts.candles, 0),
        closes: numberOf(counts.closes, 0),
        decisions: numberOf(counts.decisions, 0),
        orders: numberOf(result.orders.length, 0),
        fills: numberOf(result.fills.length, 0),
        contested: numberOf(counts.contested, 0),
        'prints not believed': numberOf(counts.questionedPrints, 0),
      },
    ],
    [
      'Judgement',
      {
        'bootstrap resamples': numberOf(bootstrap.resamples, 0),
        'bootstrap seed': bootstrap.seed,
        level: percentOf(bootstrap.level, 0),
        'target, average ranges': outcomes.targetAtrs,
        'stop, average ranges': outcomes.stopAtrs,
        'horizon, candles': outcomes.horizonCandles,
        'round trip cost': percentOf(outcomes.roundTripCost),
      },
    ],
    [
      'Versions',
      { 'shape of the result': result.version, assessment: assessment.version, ...versions },
    ],
  ];
  const shown = pairs.filter(([, values]) => Object.keys(values).length > 0);
  return [dataTable(result), ...shown.map(([title, values]) => pairTable(title, values))];
}

function dataTable({ data }: BacktestResult): Table {
  return {
    title: 'Data',
    note: `${data.timeframe} candles, ${momentText(data.fromMs)} to ${closeText(data.toMs)} UTC.`,
    columns: [
      { heading: 'Symbol', numeric: false },
      { heading: 'Candles', numeric: true },
      { heading: 'Holes', numeric: true },
      { heading: 'sha256', numeric: false },
    ],
    rows: data.series.map(({ symbol, candles, holes, hash }) => [
      symbol,
      numberOf(candles, 0),
      numberOf(holes, 0),
      hash,
    ]),
  };
}

const PAIR: readonly Column[] = [
  { heading: '', numeric: false },
  { heading: '', numeric: false },
];

function pairTable(title: string, values: Readonly<Record<string, unknown>>): Table {
  const rows = Object.entries(values).flatMap(([key, value]) => linesOf(key, value));
  return { title, note: '', columns: PAIR, rows };
}

/** Nested settings by their dotted path, a line each. */
function linesOf(key: string, value: unknown): string[][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not set');
    return [[plain(key), text]];
  }
  return Object.entries(value).flatMap(([inner, one]) => linesOf(`${key}.${inner}`, one));
}
