import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Escalation } from '../adapters/store/escalations.ts';
import { type AuditOptions, Auditor, type AuditReport, audit } from '../ops/audit/audit.ts';
import { logInFile } from '../ops/audit/venue-lines.ts';
import { Corro, until } from './e2e/corro.ts';
import { CRASH } from './e2e/tape.ts';

/** A line of the paper venue's log, as a test may doctor it. */
export type LogLine = Record<string, unknown>;

export interface Plant {
  /** Run as a superuser, triggers and foreign keys off. */
  readonly sql?: string;
  readonly log?: (lines: LogLine[]) => void;
}

/** The state a real run of the whole stack leaves: a person's signed yes, a bought position, its
 * guard's stops, a sale, a halt placed and lifted. Every plant gets a copy of its own. */
export class SoundRun {
  readonly corro = new Corro();
  #log: LogLine[] = [];
  #copies = 0;

  async open(): Promise<void> {
    const { corro } = this;
    // The stack's own checker must not be waited for by the minute.
    process.env['CORRO_CHECK_SECONDS'] = '2';
    await corro.ok('up');
    await corro.ok('replay', CRASH, '--to', '2024-08-04T20:15Z', '--json');
    await corro.ok('users', 'set', 'trader', '--rules', '{"alwaysAsk": true}');
    const held = ['--to', '2024-08-04T20:45Z', '--ask', '600', '--json'];
    const replay = corro.start('replay', CRASH, ...held);
    const asked = await until('a question', () => this.#question(), 120_000);
    await corro.ok('escalations', 'answer', asked.escalationId, 'approve', '--json');
    const { code, stderr } = await replay.ended;
    if (code !== 0) throw new Error(`the replay ended with ${code}: ${stderr}`);
    await corro.ok('users', 'set', 'trader', '--rules', '{}');
    await corro.ok('replay', CRASH, '--to', '2024-08-05T00:45Z', '--json');
    await corro.ok('halt', 'pause', '--name', 'drill', '--reason', 'a drill', '--json');
    await corro.ok('halt', 'lift', 'drill', '--reason', 'the drill is over', '--json');
    await this.#copy('corro', 'sound');
    const text = readFileSync(join(corro.home, 'paper/venue.jsonl'), 'utf8');
    this.#log = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LogLine);
  }

  close(): Promise<void> {
    return this.corro.close();
  }

  /** What the checker says of a copy of the sound state with something planted in it. */
  audit({ sql, ...doctored }: Plant = {}): Promise<AuditReport> {
    return this.#inCopy(doctored, async (options) => {
      if (sql !== undefined) await superuser(options.postgresUrl, sql);
      return audit(options);
    });
  }

  /** What a checker that goes on says of something planted between two of its checks: at its next
   * one, and once it has forgotten what it had proved. */
  auditOn(sql: string): Promise<{ readonly next: AuditReport; readonly full: AuditReport }> {
    return this.#inCopy({}, async (options) => {
      const auditor = new Auditor(options);
      if (!(await auditor.run()).sound) throw new Error('the books must be sound before');
      await superuser(options.postgresUrl, sql);
      const next = await auditor.run();
      auditor.forget();
      return { next, full: await auditor.run() };
    });
  }

  async #inCopy<T>(
    { log }: Pick<Plant, 'log'>,
    act: (options: AuditOptions) => Promise<T>,
  ): Promise<T> {
    this.#copies += 1;
    const name = `plant_${this.#copies}`;
    await this.#administer(`create database ${name} template sound`);
    const lines = structuredClone(this.#log);
    log?.(lines);
    const path = join(this.corro.home, `${name}.jsonl`);
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const bounds = { settledMs: 1_000 };
    const source = { postgresUrl: this.#url(name), log: logInFile(path) };
    const told = await act({ ...source, settled: true, bounds });
    await this.#administer(`drop database ${name}`);
    return told;
  }

  async #question(): Promise<Escalation | undefined> {
    return (await this.corro.json<Escalation[]>('escalations', '--open')).at(0);
  }

  /** The running stack loses its connections for a moment, which it must survive anyway. */
  async #copy(from: string, to: string): Promise<void> {
    await this.#administer(`alter database ${from} allow_connections false`);
    try {
      await this.#administer(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = '${from}'`);
      await until('the copy', () =>
        this.#administer(`create database ${to} template ${from}`).then(
          () => true,
          () => false,
        ),
      );
    } finally {
      await this.#administer(`alter database ${from} allow_connections true`);
    }
  }

  #url(database: string): string {
    const address = new URL(this.corro.state.addresses.postgresUrl);
    address.pathname = `/${database}`;
    return address.href;
  }

  #administer(sql: string): Promise<void> {
    return run(this.#url('postgres'), sql);
  }
}

/** The numbers of the invariants a report finds violated. */
export function violated(report: AuditReport): readonly number[] {
  return report.findings.filter((one) => one.violations > 0).map((one) => one.number);
}

/** What only a superuser can do: rows change although triggers and foreign keys forbid it. */
export function superuser(url: string, sql: string): Promise<void> {
  return run(url, `set session_replication_role = replica; ${sql}`);
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
