/** The checker over the books of many orders: a Postgres of its own with durable disks, in a
 * temporary home, filled with sound books and a venue log of the same orders.
 *
 *     node bench/audit.ts [--orders N] [--json]
 *
 * Printed: a full check from the beginning (every invariant, every chain recomputed), and rows a
 * second; the processor time that one such check took, here and in Postgres, which a busy machine
 * does not change; the next check of the same process, which need not prove again what it proved;
 * every chain alone (`corro audit --chain`); each invariant's own time (two run side by side). Not
 * measured: a venue log over HTTP, books under way, a database that does something else meanwhile.
 */
import { rmSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Auditor, type AuditReport } from '../ops/audit/audit.ts';
import { auditChains } from '../ops/audit/chain-report.ts';
import { logInFile } from '../ops/audit/venue-lines.ts';
import { migrateToLatest } from '../ops/migrations/migrate.ts';
import { type StackState, startStack } from '../ops/stack/control.ts';
import { testHome } from '../tests/support/home.ts';
import { BookWriter, PEOPLE } from './audit-books.ts';
import { processorTimes } from './processor.ts';

const RUNS = 3;

interface Figures {
  readonly orders: number;
  readonly rowsStored: number;
  readonly logLines: number;
  readonly logMegabytes: number;
  /** Seconds, one a run. */
  readonly full: readonly number[];
  /** Processor seconds of the last full check. */
  readonly processor: { readonly checker: number; readonly postgres: number };
  readonly rowsChecked: number;
  readonly rowsPerSecond: number;
  readonly again: number;
  readonly chains: number;
  readonly invariants: readonly { readonly number: number; readonly seconds: number }[];
  readonly machine: string;
}

const { values } = parseArgs({
  options: { orders: { type: 'string', default: '100000' }, json: { type: 'boolean' } },
});
const home = testHome();
const free = { postgres: 0, nats: 0, natsMonitor: 0, temporal: 0, temporalUi: 0 };
const stack = await startStack({
  home,
  detached: false,
  services: ['postgres'],
  ports: { ...free, temporalHttp: 0, paper: 0 },
  prepare: false,
});
try {
  const figures = await measure(stack.state, Number(values.orders));
  if (values.json) console.log(JSON.stringify(figures, null, 2));
  else print(figures);
} finally {
  await stack.stop();
  rmSync(home, { recursive: true, force: true });
}

async function measure(state: StackState, orders: number): Promise<Figures> {
  const url = new URL(state.addresses.postgresUrl);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query('create database bench');
  await client.end();
  url.pathname = '/bench';
  await migrateToLatest(url.href);
  const logPath = join(home, 'venue.jsonl');
  const books = await BookWriter.write(url.href, logPath, orders);
  const options = { postgresUrl: url.href, log: logInFile(logPath), settled: true };
  const full: AuditReport[] = [];
  let again: AuditReport | null = null;
  let processor = { checker: 0, postgres: 0 };
  for (let run = 0; run < RUNS; run += 1) {
    const auditor = new Auditor(options);
    const before = usedBy(state);
    full.push(expectSound(await auditor.run()));
    const after = usedBy(state);
    processor = {
      checker: after.checker - before.checker,
      postgres: after.postgres - before.postgres,
    };
    again = expectSound(await auditor.run());
  }
  const startedAt = performance.now();
  const chains = await auditChains(url.href, null);
  if (!chains.sound) throw new Error(`the chains must be intact: ${JSON.stringify(chains)}`);
  const chainSeconds = (performance.now() - startedAt) / 1000;
  const seconds = full.map((report) => report.ms / 1000);
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
  const [{ rows, findings }] = full as [AuditReport, ...AuditReport[]];
  const rowsChecked = rows.database + rows.venue;
  return {
    orders: books.orders,
    rowsStored: books.rows,
    logLines: books.logLines,
    logMegabytes: Math.round(statSync(logPath).size / 1e6),
    full: seconds,
    processor,
    rowsChecked,
    rowsPerSecond: Math.round(rowsChecked / median),
    again: (again?.ms ?? 0) / 1000,
    chains: chainSeconds,
    invariants: findings.map(({ number, ms }) => ({ number, seconds: ms / 1000 })),
    machine: `${cpus().length} cores of ${cpus()[0]?.model ?? 'unknown'}, load ${loadavg()[0]}`,
  };
}

function usedBy(state: StackState): { readonly checker: number; readonly postgres: number } {
  const { user, system } = process.cpuUsage();
  const postgres = processorTimes(state)['postgres'] ?? 0;
  return { checker: (user + system) / 1e6, postgres: postgres / 1000 };
}

function expectSound(report: AuditReport): AuditReport {
  if (report.sound) return report;
  const found = report.findings.flatMap(({ number, shown }) =>
    shown.slice(0, 3).map(({ id, text }) => `${number}: ${id} ${text}`),
  );
  throw new Error(`the books must be sound:\n${found.join('\n')}`);
}

function print(figures: Figures): void {
  const { orders, rowsStored, logLines, logMegabytes, full, rowsChecked } = figures;
  const text = (seconds: number): string => `${seconds.toFixed(2)} s`;
  console.log(`${orders} orders of ${PEOPLE} people, ${rowsStored} rows in the database,`);
  console.log(`${logLines} lines of the venue's log (${logMegabytes} MB); ${figures.machine}`);
  console.log(`full check, ${RUNS} runs    ${full.map(text).join(', ')} (goal: under 10 s)`);
  const { checker, postgres } = figures.processor;
  console.log(`its processor time    ${text(checker)} here, ${text(postgres)} in Postgres`);
  console.log(`rows looked at        ${rowsChecked}, ${figures.rowsPerSecond} a second`);
  console.log(`next check            ${text(figures.again)}`);
  console.log(`every chain alone     ${text(figures.chains)}`);
  const slow = figures.invariants.toSorted((a, b) => b.seconds - a.seconds);
  const each = slow.slice(0, 8).map(({ number, seconds }) => `${number}: ${text(seconds)}`);
  console.log(`longest invariants    ${each.join(', ')}`);
}
