import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError } from './failure.ts';

/** The clone this file belongs to. */
export const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Below this a server could fail in the middle of a write; nothing is started. */
export const LEAST_FREE_BYTES = 500 * 1024 * 1024;

/** Where one stack keeps everything: state, secrets, logs, and the data of its servers. */
export interface Home {
  readonly root: string;
  readonly state: string;
  readonly lock: string;
  readonly ports: string;
  readonly secrets: string;
  readonly logs: string;
  readonly nats: string;
  readonly temporal: string;
  /** The workflows' code as their workers run it, made from the sources when it is not there. */
  readonly bundles: string;
  readonly paper: string;
  readonly postgres: string;
  /** Where signed heads of the audit are kept unless CORRO_ANCHOR_DIR names a better place. */
  readonly anchors: string;
  /** The key they are signed with; the checker makes it. */
  readonly anchorKey: string;
}

/** The home folder: the flag, else CORRO_HOME, else `.corro` in the clone; always absolute. */
export function stackHome(
  options: { flag?: string; environment?: NodeJS.ProcessEnv } = {},
): string {
  const environment = options.environment ?? process.env;
  return resolve(options.flag || environment['CORRO_HOME'] || join(REPOSITORY, '.corro'));
}

export function homeAt(root: string): Home {
  return {
    root,
    state: join(root, 'stack.json'),
    lock: join(root, 'lock'),
    ports: join(root, 'ports.json'),
    secrets: join(root, 'secrets'),
    logs: join(root, 'logs'),
    nats: join(root, 'nats'),
    temporal: join(root, 'temporal'),
    bundles: join(root, 'bundles'),
    paper: join(root, 'paper'),
    postgres: join(root, 'postgres'),
    anchors: join(root, 'anchors'),
    anchorKey: join(root, 'secrets', 'anchor.pem'),
  };
}

/** The folder outside the servers' data, best on another disk, where anchors go. */
export function anchorDirectory(home: Home): string {
  return resolve(process.env['CORRO_ANCHOR_DIR'] || home.anchors);
}

/** Makes the folders. The root may be walked through (the database server may run as another user
 * than root) but not listed; secrets and logs are the owner's alone. */
export function makeHome(home: Home): void {
  try {
    mkdirSync(home.root, { recursive: true });
    chmodSync(home.root, 0o711);
    for (const folder of [home.secrets, home.logs, home.nats, home.temporal, home.paper]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    throw new StackError('no_access', `cannot write in ${home.root}: ${String(error)}`);
  }
}

export function checkDiskSpace(root: string, leastBytes: number = LEAST_FREE_BYTES): void {
  const free = freeBytes(root);
  if (free >= leastBytes) return;
  throw new StackError(
    'no_disk_space',
    `${root} has ${megabytes(free)} MB free, ${megabytes(leastBytes)} MB are needed: ` +
      'free some space, or choose another folder with CORRO_HOME',
  );
}

export function freeBytes(path: string): number {
  const facts = statfsSync(path);
  return facts.bavail * facts.bsize;
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / (1024 * 1024));
}

/** One secret of this home, made on first use: 32 random bytes in hex, readable by the owner
 * only. */
export function secret(home: Home, name: string): string {
  const path = join(home.secrets, name);
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const value = randomBytes(32).toString('hex');
  writeDurably(path, `${value}\n`, 0o600);
  return value;
}

/** A reader sees the old text or the new one, never half of it. */
export function writeAtomically(path: string, text: string, mode = 0o644): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}

/** The same, and on the disk before this returns: for what cannot be made a second time. */
export function writeDurably(path: string, text: string, mode: number): void {
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, 'w', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
