/** The checker over the books of many orders: a Postgres of its own with durable disks, in a
 * temporary home, filled with sound books and a venue log of the same orders.
 *
 *     node bench/audit.ts [--orders N] [--json]
 *
 * Printed: a full check from the beginning (every invariant, every chain recomputed), and rows a
 * second; the next check of the same process, which need not prove again what it proved; every
 * chain alone (`corro audit --chain`); each invariant's own time (two run side by side). Not
 * measured: a venue log over HTTP, books under way, a database that does something else
 * meanwhile. */
import { rmSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Auditor, type AuditReport } from '../ops/audit/audit.ts';
import { auditChains } from '../ops/audit/chain-report.ts';
import { logInFile } from '../ops/audit/venue-lines.ts';
import { migrateToLatest } from '../ops/migrations/migrate.ts';
import { startStack } from '../ops/stack/control.ts';
import { testHome } from '../tests/support/home.ts';
import { BookWriter, PEOPLE } from './audit-books.ts';

const RUNS = 3;

interface Figures {
  readonly orders: number;
  readonly rowsStored: number;
  readonly logLines: number;
  readonly logMegabytes: number;
  /** Seconds, one a run. */
  readonly full: readonly number[];
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
  const figures = await measure(stack.state.addresses.postgresUrl, Number(values.orders));
  if (values.json) console.log(JSON.stringify(figures, null, 2));
  else print(figures);
} finally {
  await stack.stop();
  rmSync(home, { recursive: true, force: true });
}

async function measure(serverUrl: string, orders: number): Promise<Figures> {
  const url = new URL(serverUrl);
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
  for (let run = 0; run < RUNS; run += 1) {
    const auditor = new Auditor(options);
    full.push(expectSound(await auditor.run()));
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
    rowsChecked,
    rowsPerSecond: Math.round(rowsChecked / median),
    again: (again?.ms ?? 0) / 1000,
    chains: chainSeconds,
    invariants: findings.map(({ number, ms }) => ({ number, seconds: ms / 1000 })),
    machine: `${cpus().length} cores of ${cpus()[0]?.model ?? 'unknown'}, load ${loadavg()[0]}`,
  };
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
  console.log(`rows looked at        ${rowsChecked}, ${figures.rowsPerSecond} a second`);
  console.log(`next check            ${text(figures.again)}`);
  console.log(`every chain alone     ${text(figures.chains)}`);
  const slow = figures.invariants.toSorted((a, b) => b.seconds - a.seconds);
  const each = slow.slice(0, 8).map(({ number, seconds }) => `${number}: ${text(seconds)}`);
  console.log(`longest invariants    ${each.join(', ')}`);
}
