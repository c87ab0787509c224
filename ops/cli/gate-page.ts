import type { Flip, GateReport, SimulatedRun } from '../../core/learning/gate/case.ts';
import { clockText, table } from './table.ts';

/** The change gate's report as text; at most so many flips. */
export function gatePage(report: GateReport, most: number): string {
  const { motions, unreproduced, undecided, flips, actions, verdicts } = report;
  const lines = [report.words, ''];
  if (motions === 0) return lines.join('\n');
  const from = clockText(report.fromMs ?? 0);
  const to = clockText(report.toMs ?? 0);
  lines.push(`${motions} recorded debates from ${from} to ${to} UTC, decided again`);
  if (unreproduced > 0) lines.push(`${unreproduced} left out: not decided again as recorded`);
  if (undecided > 0) lines.push(`${undecided} left out: nothing was decided for this user`);
  lines.push('', mixLine('actions', actions), mixLine('verdicts', verdicts));
  const { pairs, mean, interval } = report.belief;
  if (mean !== null) {
    const range =
      interval === null ? 'too few to say' : `${figure(interval.low)} … ${figure(interval.high)}`;
    lines.push(
      `belief   Brier gain ${figure(mean)} over ${pairs} settled motions (95 %: ${range})`,
    );
  }
  if (report.money !== null) lines.push('', moneyTable(report.money));
  lines.push('', flipTable(flips.slice(0, most)));
  if (flips.length > most) lines.push(`… and ${flips.length - most} more: --flips, or --json`);
  return lines.join('\n');
}

function mixLine(
  name: string,
  {
    before,
    after,
  }: { before: Readonly<Record<string, number>>; after: Readonly<Record<string, number>> },
): string {
  const parts = Object.keys(before).map((key) => `${key} ${before[key]} → ${after[key]}`);
  return `${name.padEnd(8)} ${parts.join(', ')}`;
}

function moneyTable(money: NonNullable<GateReport['money']>): string {
  const rows = [
    { name: 'as recorded', run: money.before },
    { name: 'candidate', run: money.after },
    { name: 'hold', run: money.hold },
  ];
  type Row = { readonly name: string; readonly run: SimulatedRun };
  const right = 'right' as const;
  return table<Row>(
    rows,
    [
      { heading: 'TRADED', cell: ({ name }) => name },
      { heading: 'RETURN', cell: ({ run }) => percent(run.totalReturn), align: right },
      { heading: 'DRAWDOWN', cell: ({ run }) => percent(run.maxDrawdown), align: right },
      { heading: 'TRADES', cell: ({ run }) => String(run.trades), align: right },
      { heading: 'FEES', cell: ({ run }) => run.feesPaid ?? '?', align: right },
    ],
    '',
  );
}

function flipTable(flips: readonly Flip[]): string {
  return table(
    flips,
    [
      { heading: 'CLOSE (UTC)', cell: ({ closeTimeMs }) => clockText(closeTimeMs) },
      { heading: 'SYMBOL', cell: ({ symbol }) => symbol },
      { heading: 'WAS', cell: ({ before }) => standText(before) },
      { heading: 'WOULD BE', cell: ({ after }) => standText(after) },
      { heading: 'WHY', cell: ({ why }) => why },
    ],
    'no decision would have been another',
  );
}

function standText({ action, verdict, followUp }: Flip['before']): string {
  if (followUp.kind === 'escalate') return `ask ${followUp.side}`;
  return verdict === 'consensus' ? action : verdict.replace('_', ' ');
}

function percent(value: number | null): string {
  return value === null ? '?' : `${(value * 100).toFixed(2)} %`;
}

function figure(value: number): string {
  return value.toFixed(4);
}
