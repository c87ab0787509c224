import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from './home.ts';
import { type AskedName, ON_REQUEST } from './topology.ts';

/** A wish for a service beyond the usual ones. It stays with the home: the next stack there starts
 * the service too. */
export interface Asked {
  readonly name: AskedName;
  /** Changes whenever somebody asks again. */
  readonly atMs: number;
}

/** Asks the stack of this home, the running one or the next, for a service. Repeating it starts one
 * that has failed once more. */
export function askFor(home: Home, name: AskedName): void {
  mkdirSync(folderOf(home), { recursive: true, mode: 0o700 });
  writeFileSync(join(folderOf(home), name), '', { mode: 0o600 });
}

export function askedServices(home: Home): readonly Asked[] {
  let files: readonly string[];
  try {
    files = readdirSync(folderOf(home));
  } catch {
    return [];
  }
  return ON_REQUEST.filter((name) => files.includes(name)).map((name) => ({
    name,
    atMs: statSync(join(folderOf(home), name)).mtimeMs,
  }));
}

function folderOf(home: Home): string {
  return join(home.root, 'asked');
}
