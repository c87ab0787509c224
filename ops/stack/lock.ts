import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { StackError } from './failure.ts';
import type { Home } from './home.ts';
import { isAlive, markOf, type ProcessMark } from './processes.ts';

/** Who holds the home's lock and is alive; null when nobody does. */
export function lockHolder(home: Home): ProcessMark | null {
  return holderOf(home.lock);
}

/** Takes the home's lock for this process; one stack per home. A lock whose process is gone is
 * cleared. Throws `already_running` with the holder's pid. */
export function takeLock(home: Home): void {
  const claimed = claim(home.lock);
  if (!claimed.taken) throw alreadyRunning(home, claimed.holder?.pid ?? null);
}

export type Claim =
  | { readonly taken: true }
  | { readonly taken: false; readonly holder: ProcessMark | null };

/** Takes a lock file for as long as this process lives. What a dead process held is cleared. */
export function claim(path: string): Claim {
  const own = markOf(process.pid);
  if (own === null) throw new Error(`this process (${process.pid}) has no mark`);
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      writeFileSync(path, JSON.stringify(own), { flag: 'wx', mode: 0o644 });
      return { taken: true };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderOf(path);
    if (holder) return { taken: false, holder };
    clearStaleLock(path);
  }
  return { taken: false, holder: holderOf(path) };
}

export function releaseLock(home: Home): void {
  release(home.lock);
}

/** Gives up a lock file, if this process holds it. */
export function release(path: string): void {
  const text = readLock(path);
  if (text !== null && parse(text)?.pid === process.pid) rmSync(path, { force: true });
}

function holderOf(path: string): ProcessMark | null {
  const text = readLock(path);
  const mark = text === null ? null : parse(text);
  return mark !== null && isAlive(mark) ? mark : null;
}

/** Moves the stale lock away before it is removed: when another starter has replaced it meanwhile,
 * what was moved is that one's lock, and it is put back. */
function clearStaleLock(path: string): void {
  const stale = readLock(path);
  const moved = `${path}.${process.pid}`;
  try {
    renameSync(path, moved);
    if (readFileSync(moved, 'utf8') !== stale) linkSync(moved, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(moved, { force: true });
  }
}

function alreadyRunning(home: Home, pid: number | null): StackError {
  return new StackError(
    'already_running',
    `a stack already runs in ${home.root} (pid ${pid ?? 'unknown'}): ` +
      './corro status shows it, ./corro down stops it',
    pid,
  );
}

function readLock(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function parse(text: string): ProcessMark | null {
  try {
    const { pid, born } = JSON.parse(text) as Partial<ProcessMark>;
    return typeof pid === 'number' && typeof born === 'string' ? { pid, born } : null;
  } catch {
    return null;
  }
}
