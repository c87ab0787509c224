import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { StackError } from './failure.ts';
import { type Home, secret } from './home.ts';
import type { DatabaseRole } from './postgres-roles.ts';

/** Who the database server runs as when that is not the caller. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** Where the database server lives, and as whom it runs (null: as the caller). */
export interface PostgresPlace {
  readonly binary: string;
  readonly initdb: string;
  readonly data: string;
  readonly runAs: RunAs | null;
  /** Said once on the status screen when the data could not live in the home folder. */
  readonly note: string | null;
}

/** Postgres refuses to run as root. As root it therefore runs as the system's `postgres` user, else
 * as `nobody`; no user is created. That user must be able to reach program and data: where the
 * clone lies in a closed folder (a clone under /root), both live in /var/lib/corro instead, under a
 * name made from the home folder, and `note` says so. */
export function placePostgres(
  home: Home,
  binaries: { postgres: string; initdb: string },
): PostgresPlace {
  const runAs = process.getuid?.() === 0 ? unprivilegedUser() : null;
  if (runAs === null) {
    const { postgres: binary, initdb } = binaries;
    return { binary, initdb, data: home.postgres, runAs, note: null };
  }
  const note: string[] = [];
  let data = home.postgres;
  if (!canReach(home.root, runAs)) {
    data = outsideData(home);
    mkdirSync(OUTSIDE, { recursive: true, mode: 0o755 });
    note.push(
      `data of Postgres is in ${data}: its user (uid ${runAs.uid}) cannot reach ${home.root}`,
    );
  }
  let programs = dirname(binaries.postgres);
  if (!canReach(programs, runAs)) {
    programs = join(copyPrograms(dirname(programs)), 'bin');
    note.push(`program of Postgres was copied to ${programs}`);
  }
  return {
    binary: join(programs, 'postgres'),
    initdb: join(programs, 'initdb'),
    data,
    runAs,
    note: note.length > 0 ? note.join('; ') : null,
  };
}

/** Only root makes and uses it; /var/tmp would be cleaned of files that nobody read for a while. */
const OUTSIDE = '/var/lib/corro';

/** The place outside the home folder that the data of this home may have been put in. */
export function outsideData(home: Home): string {
  const name = createHash('sha256').update(home.root).digest('hex').slice(0, 16);
  return join(OUTSIDE, `postgres-${name}`);
}

function unprivilegedUser(): RunAs {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // No such user here: try the next name.
    }
  }
  throw new StackError(
    'no_access',
    'Postgres refuses to run as root, and there is no user "postgres" or "nobody": ' +
      'run Corro as another user',
  );
}

/** Whether another user may walk through every folder down to `path` and enter it. */
function canReach(path: string, user: RunAs): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const facts = statSync(folder);
    const bit = facts.uid === user.uid ? 0o100 : facts.gid === user.gid ? 0o010 : 0o001;
    if ((facts.mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

function copyPrograms(native: string): string {
  const facts = statSync(join(native, 'bin/postgres'));
  const key = createHash('sha256').update(`${facts.size} ${facts.mtimeMs}`).digest('hex');
  const target = join(OUTSIDE, `programs-${key.slice(0, 16)}`);
  if (existsSync(target)) return target;
  mkdirSync(OUTSIDE, { recursive: true, mode: 0o755 });
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(unfinished, { mode: 0o755 });
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    execFileSync('mv', ['-T', unfinished, target], { stdio: 'pipe' });
  } catch {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return target;
}

/** Makes the cluster on first start: UTF-8, C order (the same on every machine), passwords only. */
export async function initialisePostgres(
  place: PostgresPlace,
  options: { password: string; durable: boolean },
): Promise<void> {
  if (existsSync(join(place.data, 'PG_VERSION'))) return;
  rmSync(place.data, { recursive: true, force: true });
  mkdirSync(place.data, { mode: 0o700 });
  const passwordFile = `${place.data}.password-${randomBytes(4).toString('hex')}`;
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (place.runAs) {
    chownSync(place.data, place.runAs.uid, place.runAs.gid);
    chownSync(passwordFile, place.runAs.uid, place.runAs.gid);
  }
  const flags = [`--pgdata=${place.data}`, '--username=corro', `--pwfile=${passwordFile}`];
  flags.push('--auth=scram-sha-256', '--encoding=UTF8', '--locale=C');
  flags.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  if (!options.durable) flags.push('--no-sync');
  try {
    await run(place.initdb, flags, place);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function run(program: string, flags: readonly string[], place: PostgresPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, flags, {
      cwd: '/',
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...place.runAs,
    });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString()).slice(-4_000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new StackError('start_failed', `initdb ended with ${code}: ${said.trim()}`));
    });
  });
}

/** A killed server leaves `postmaster.pid`. After a restart of the machine its number may belong to
 * another process, and the server would then refuse to start: the file goes when that process is
 * not a server of this data folder. */
export function clearStalePostmaster(place: PostgresPlace): void {
  const path = join(place.data, 'postmaster.pid');
  if (!existsSync(path)) return;
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  const command = commandLine(pid);
  if (command === null || !command.includes(place.data)) {
    rmSync(path, { force: true });
  }
}

/** The command line of a running process, or null when there is none (or it cannot be told). */
export function commandLine(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  try {
    if (process.platform === 'linux') {
      const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return text === '' ? null : text;
    }
    const text = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return text.trim() || null;
  } catch {
    return null;
  }
}

export function postgresArguments(
  place: PostgresPlace,
  options: { port: number; durable: boolean },
): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    fsync: options.durable ? 'on' : 'off',
    synchronous_commit: options.durable ? 'on' : 'off',
    full_page_writes: options.durable ? 'on' : 'off',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', place.data, '-p', String(options.port), ...flags];
}

export function postgresUrl(home: Home, port: number, database = 'corro'): string {
  return `postgres://corro:${secret(home, 'postgres')}@127.0.0.1:${port}/${database}`;
}

/** The ring's database as one of the processes may use it. */
export function roleUrl(home: Home, port: number, role: DatabaseRole): string {
  return `postgres://${role}:${rolePassword(home, role)}@127.0.0.1:${port}/corro`;
}

export function rolePassword(home: Home, role: DatabaseRole): string {
  return secret(home, `postgres-${role}`);
}

/** Throws unless the server answers a query. */
export async function pingPostgres(url: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('select 1');
  });
}

export async function ensureDatabase(home: Home, port: number): Promise<void> {
  await withClient(postgresUrl(home, port, 'postgres'), async (client) => {
    const found = await client.query("select 1 from pg_database where datname = 'corro'");
    if (found.rowCount === 0) await client.query('create database corro');
  });
}

async function withClient(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The data outside the home folder goes with the home when that is reset. */
export function removeOutsideData(home: Home): void {
  rmSync(outsideData(home), { recursive: true, force: true });
}
