import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { signal } from '../stack/processes.ts';

/** A process and everything it has started: Postgres serves each connection by a process of its
 * own, in a group of its own. */
export function familyOf(pid: number): readonly number[] {
  const parents = process.platform === 'linux' ? parentsOnLinux() : parentsElsewhere();
  const family = [pid];
  for (const member of family) {
    for (const [child, parent] of parents) {
      if (parent === member && !family.includes(child)) family.push(child);
    }
  }
  return family;
}

/** Stops processes where they stand, each with its children; the first ones first, so that nobody
 * who watches another sees it go. */
export function freeze(pids: readonly number[]): readonly number[] {
  const frozen: number[] = [];
  for (const pid of pids) {
    signal(pid, 'SIGSTOP');
    const family = familyOf(pid);
    for (const member of family) signal(member, 'SIGSTOP');
    frozen.push(...family);
  }
  return frozen;
}

export function thaw(pids: readonly number[]): void {
  for (const pid of pids.toReversed()) signal(pid, 'SIGCONT');
}

/** Child and parent of every process. */
function parentsOnLinux(): readonly (readonly [number, number])[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = text.slice(text.lastIndexOf(')') + 2).split(' ')[1];
        return [[Number(name), Number(parent)] as const];
      } catch {
        // It has just ended.
        return [];
      }
    });
}

function parentsElsewhere(): readonly (readonly [number, number])[] {
  const said = execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' });
  return said
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
}
