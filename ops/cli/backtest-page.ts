import { factsOf } from '../research/report/facts.ts';
import type { ReportInput } from '../research/report/input.ts';
import type { Table } from '../research/report/page-data.ts';
import { table } from './table.ts';

/** A backtest on one page: the judgement in a sentence first, then what it rests on. */
export function backtestPage(input: ReportInput): string {
  const facts = factsOf(input);
  const figures = facts.figures.map(({ label, value, note }) => row(label, value, note));
  const tables = [facts.measures, facts.luck, ...facts.arms, facts.verdicts, facts.whyNoTrade];
  return [
    '',
    facts.headline,
    facts.subject,
    '',
    ...facts.findings,
    '',
    ...figures,
    ...tables.flatMap((one) => (one === null ? [] : ['', ...linesOf(one)])),
  ].join('\n');
}

function row(label: string, value: string, note: string): string {
  return `  ${label.padEnd(24)} ${value}${note === '' ? '' : `   (${note})`}`;
}

/** A table of a report in the terminal's form. */
function linesOf({ title, columns, rows }: Table): readonly string[] {
  const text = table(
    rows,
    columns.map(({ heading, numeric }, at) => ({
      heading,
      cell: (cells: readonly string[]) => cells[at] ?? '',
      align: numeric ? 'right' : 'left',
    })),
    'none',
  );
  const lines = text.split('\n').map((line) => `  ${line}`);
  return title === '' ? lines : [title, ...lines];
}
