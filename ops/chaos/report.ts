import { type Column, table } from '../cli/table.ts';
import type { CampaignResult } from './campaign.ts';
import { FAULT_GROUPS, type Fault, type FaultGroup } from './fault.ts';

/** One fault that was inflicted and what became of the ring after it. */
export interface Suffered {
  readonly fault: Fault;
  readonly detail: string;
  /** From the end of the harm to a new decision and settled orders. */
  readonly recoveryMs: number;
  /** What got worse by it. */
  readonly harm: Harm;
}

export interface Harm {
  readonly decisionsLost: number;
  readonly ordersDoubled: number;
  readonly fillsLost: number;
  readonly ledgerDifferences: number;
  readonly violations: number;
}

/** One line of the table of SAFETY §3. */
export interface ReportLine extends Harm {
  readonly group: FaultGroup | 'all';
  readonly fault: string;
  readonly times: number;
  readonly recoveryP50Ms: number | null;
  readonly recoveryP99Ms: number | null;
}

export interface CampaignReport extends Omit<CampaignResult, 'suffered'> {
  readonly seed: number;
  /** Repeats it. */
  readonly command: string;
  readonly groups: readonly ReportLine[];
  readonly kinds: readonly ReportLine[];
  readonly total: ReportLine;
}

export function reportOf(
  { suffered, ...result }: CampaignResult,
  told: { readonly seed: number; readonly command: string },
): CampaignReport {
  const groups = Object.keys(FAULT_GROUPS) as FaultGroup[];
  const names = [...new Set(suffered.map(({ fault }) => fault.name))].sort();
  return {
    ...told,
    ...result,
    groups: groups.flatMap((group) => {
      const of = suffered.filter(({ fault }) => fault.group === group);
      return of.length === 0 ? [] : [lineOf(group, FAULT_GROUPS[group], of)];
    }),
    kinds: names.map((name) => {
      const of = suffered.filter(({ fault }) => fault.name === name);
      return lineOf(of[0]?.fault.group ?? 'all', name, of);
    }),
    total: lineOf('all', 'all', suffered),
  };
}

function lineOf(
  group: ReportLine['group'],
  fault: string,
  suffered: readonly Suffered[],
): ReportLine {
  const sum = (pick: (harm: Harm) => number): number =>
    suffered.reduce((total, { harm }) => total + pick(harm), 0);
  const times = suffered.map(({ recoveryMs }) => recoveryMs);
  return {
    group,
    fault,
    times: suffered.length,
    decisionsLost: sum((harm) => harm.decisionsLost),
    ordersDoubled: sum((harm) => harm.ordersDoubled),
    fillsLost: sum((harm) => harm.fillsLost),
    ledgerDifferences: sum((harm) => harm.ledgerDifferences),
    violations: sum((harm) => harm.violations),
    recoveryP50Ms: quantile(times, 0.5),
    recoveryP99Ms: quantile(times, 0.99),
  };
}

/** The value that this share of the values does not exceed (nearest rank); null of none. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return value === undefined ? null : Math.round(value);
}

/** The table a person reads, and what they need to know beside it. */
export function reportPage(report: CampaignReport): string {
  const { books, total, groups, kinds, skipped, halts, failures } = report;
  const facts =
    books === null
      ? []
      : [
          `${report.closes} closes, ${books.decisions} decisions, ${books.orders} orders, ` +
            `${books.fills} fills; the venue's log: ${books.venueOrders} orders, ` +
            `${books.venueTrades} trades; ${books.checkedRows} rows checked`,
        ];
  return [
    '',
    table([...groups, total], COLUMNS, 'no fault was inflicted'),
    '',
    table(kinds, COLUMNS, 'no fault was inflicted'),
    '',
    ...facts,
    ...skipped.map(({ fault, why }) => `left out: ${fault}: ${why}`),
    ...Object.entries(halts).map(([name, times]) => `automatic halt ${name}: ${times}`),
    ...(report.driverRestarts > 0 ? [`driver started again: ${report.driverRestarts}`] : []),
    `${report.ended} after ${Math.round(report.seconds)} s, seed ${report.seed}`,
    ...failures.map((text) => `FAILED: ${text}`),
    ...(report.home === null ? [] : [`kept: ${report.home}`]),
    ...(failures.length > 0 ? [`repeat it: ${report.command}`] : []),
  ].join('\n');
}

const COLUMNS: readonly Column<ReportLine>[] = [
  { heading: 'FAULT', cell: (line) => line.fault },
  { heading: 'TIMES', cell: (line) => String(line.times), align: 'right' },
  { heading: 'DECISIONS LOST', cell: (line) => String(line.decisionsLost), align: 'right' },
  { heading: 'ORDERS DOUBLED', cell: (line) => String(line.ordersDoubled), align: 'right' },
  { heading: 'FILLS LOST', cell: (line) => String(line.fillsLost), align: 'right' },
  { heading: 'LEDGER DIFF.', cell: (line) => String(line.ledgerDifferences), align: 'right' },
  { heading: 'VIOLATIONS', cell: (line) => String(line.violations), align: 'right' },
  { heading: 'BACK p50', cell: (line) => secondsOf(line.recoveryP50Ms), align: 'right' },
  { heading: 'p99', cell: (line) => secondsOf(line.recoveryP99Ms), align: 'right' },
];

function secondsOf(ms: number | null): string {
  return ms === null ? '—' : `${(ms / 1_000).toFixed(1)} s`;
}
