import type { Command } from 'commander';
import { listRuns, readRun, type StoredRun } from '../../../adapters/store/learning-runs.ts';
import { withStack } from '../connections.ts';
import { readableHomeOf } from '../home.ts';
import { printJson } from '../output.ts';
import { printableLines } from '../printable.ts';
import { clockText, table } from '../table.ts';
import { readCount } from './replay.ts';

interface InsightFlags {
  readonly symbol?: string;
  readonly timeframe?: string;
  readonly last: number;
  readonly json?: boolean;
}

export function addInsights(program: Command): void {
  program
    .command('insights')
    .description('what the ring learned: runs of the learning loop, and their reports')
    .argument('[run]', 'its id, or the beginning of it: its report')
    .option('--symbol <symbol>', 'only this symbol')
    .option('--timeframe <timeframe>', 'only this timeframe')
    .option('--last <n>', 'at most so many', readCount, 20)
    .option('--json', 'as JSON')
    .action((id: string | undefined, flags: InsightFlags, command: Command) =>
      id === undefined ? list(flags, command) : show(id, flags, command),
    );
}

async function list(
  { symbol, timeframe, last, json }: InsightFlags,
  command: Command,
): Promise<void> {
  await withStack(readableHomeOf(command), async ({ db }) => {
    const rows = await listRuns(db, {
      newest: last,
      ...(symbol === undefined ? {} : { symbol }),
      ...(timeframe === undefined ? {} : { timeframe }),
    });
    if (json === true) return printJson(rows);
    process.stdout.write(`${runsTable(rows)}\n`);
  });
}

function runsTable(rows: readonly StoredRun[]): string {
  return table(
    rows,
    [
      { heading: 'RUN', cell: ({ id }) => id.slice(0, 12) },
      { heading: 'STARTED (UTC)', cell: ({ startedAt }) => clockText(startedAt.getTime()) },
      { heading: 'MARKET', cell: ({ symbol, timeframe }) => `${symbol} ${timeframe}` },
      { heading: 'HOW', cell: ({ cadence }) => cadence },
      { heading: 'STATUS', cell: ({ status, verdict }) => verdict ?? status },
      { heading: 'WEIGHTS', cell: ({ weightsVersion }) => String(weightsVersion ?? '—') },
      { heading: 'WHY', cell: ({ why }) => (why.length <= 80 ? why : `${why.slice(0, 79)}…`) },
    ],
    'nothing was learned yet: corro train --symbol S --timeframe T',
  );
}

async function show(id: string, { json }: InsightFlags, command: Command): Promise<void> {
  await withStack(readableHomeOf(command), async ({ db }) => {
    const { report, ...run } = await readRun(db, id);
    if (json === true) return printJson({ ...run, insights: report?.insights ?? null });
    const text = report?.markdown ?? `${run.status}: ${run.why || 'no report yet'}`;
    process.stdout.write(`${printableLines(text)}\n`);
  });
}
