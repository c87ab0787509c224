import type { Command } from 'commander';
import { STRATEGIES } from '../../../core/backtest/strategies/list.ts';
import { numberOf, percentOf } from '../../research/report/words.ts';
import { type Trial, TrialStore } from '../../research/trials.ts';
import { homeOf } from '../home.ts';
import { printJson } from '../output.ts';
import { table } from '../table.ts';

export function addStrategies(program: Command): void {
  program
    .command('strategies')
    .description('the ways to trade, their parameters, and what trials of them came to')
    .option('--json', 'as JSON')
    .action(async ({ json }: { readonly json?: boolean }, self: Command) => {
      const store = await TrialStore.open(homeOf(self));
      const listed = listedWith(store.all);
      if (json === true) return printJson(listed);
      process.stdout.write(`${pageOf(listed)}\n`);
    });
}

interface StrategyRow {
  readonly name: string;
  readonly about: string;
  readonly asked: 'motions' | 'closes';
  readonly needsModel: boolean;
  readonly asksModel: boolean;
  readonly parameters: (typeof STRATEGIES)[number]['parameters'];
  readonly trials: number;
  /** The newest trial of each market, newest first. */
  readonly newest: readonly Pick<Trial, 'at' | 'strategy' | 'data' | 'figures'>[];
}

function listedWith(trials: readonly Trial[]): readonly StrategyRow[] {
  return STRATEGIES.map(({ name, about, asked, needsModel, asksModel, parameters }) => {
    const own = trials.filter(({ strategy }) => strategy.name === name);
    return {
      name,
      about,
      asked,
      needsModel,
      asksModel,
      parameters,
      trials: own.length,
      newest: newestOf(own),
    };
  });
}

function newestOf(trials: readonly Trial[]): StrategyRow['newest'] {
  const markets = new Map<string, Trial>();
  for (const trial of [...trials].sort((a, b) => (a.at < b.at ? -1 : 1))) {
    markets.set(`${trial.data.symbols.join()} ${trial.data.timeframe}`, trial);
  }
  return [...markets.values()]
    .reverse()
    .map(({ at, strategy, data, figures }) => ({ at, strategy, data, figures }));
}

function pageOf(rows: readonly StrategyRow[]): string {
  const list = table(
    rows,
    [
      { heading: 'STRATEGY', cell: ({ name }) => name },
      { heading: 'ASKED AT', cell: ({ asked }) => asked },
      { heading: 'TRIALS', cell: ({ trials }) => String(trials), align: 'right' },
      { heading: 'WHAT IT DOES', cell: ({ about }) => about },
    ],
    'none',
  );
  return [
    list,
    '',
    'Parameters:',
    parametersTable(rows),
    '',
    'Newest trials:',
    trialsTable(rows),
  ].join('\n');
}

function parametersTable(rows: readonly StrategyRow[]): string {
  const all = rows.flatMap(({ name, parameters }) =>
    Object.entries(parameters).map(([field, parameter]) => ({ name, field, ...parameter })),
  );
  return table(
    all,
    [
      { heading: '  STRATEGY', cell: ({ name }) => `  ${name}` },
      { heading: 'PARAMETER', cell: ({ field }) => field },
      { heading: 'DEFAULT', cell: (one) => String(one.default), align: 'right' },
      { heading: 'RANGE', cell: ({ low, high }) => `${low} … ${high}` },
      { heading: 'MEANS', cell: ({ about }) => about },
    ],
    '  none',
  );
}

function trialsTable(rows: readonly StrategyRow[]): string {
  const all = rows.flatMap(({ newest }) => newest);
  return table(
    all,
    [
      { heading: '  STRATEGY', cell: ({ strategy }) => `  ${strategy.name} v${strategy.version}` },
      { heading: 'MARKETS', cell: ({ data }) => `${data.symbols.join(' ')} ${data.timeframe}` },
      { heading: 'FROM', cell: ({ data }) => day(data.fromMs) },
      { heading: 'TO', cell: ({ data }) => day(data.toMs) },
      { heading: 'RETURN', cell: (one) => percentOf(one.figures.totalReturn), align: 'right' },
      { heading: 'SHARPE', cell: (one) => numberOf(one.figures.sharpe), align: 'right' },
      { heading: 'DRAWDOWN', cell: (one) => percentOf(one.figures.maxDrawdown), align: 'right' },
      { heading: 'TRADES', cell: (one) => String(one.figures.trades), align: 'right' },
      { heading: 'TRIED', cell: ({ at }) => at.slice(0, 16).replace('T', ' ') },
    ],
    '  none yet: corro backtest makes one',
  );
}

function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
