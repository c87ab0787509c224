import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What tells one process from a later one that got the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, as the system tells it; opaque. */
  readonly born: string;
}

/** The mark of a running process, or null when there is none (a zombie counts as none). */
export function markOf(pid: number): ProcessMark | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const born = process.platform === 'linux' ? bornOnLinux(pid) : bornElsewhere(pid);
  return born === null ? null : { pid, born };
}

export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.born === mark.born;
}

/** Fields after the command's closing parenthesis: state is the first, start time the twentieth. */
function bornOnLinux(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function bornElsewhere(pid: number): string | null {
  try {
    const said = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return said === '' || said.startsWith('Z') ? null : said.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
}

/** Sends a signal; a process that is gone is not an error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits for a process to be gone; false when it is still there after `withinMs`. */
export async function waitForEnd(mark: ProcessMark, withinMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + withinMs;
  while (isAlive(mark)) {
    if (performance.now() >= giveUpAt) return false;
    await pause(20);
  }
  return true;
}

/** Asks a process to stop, and kills it when it has not within `graceMs`. */
export async function endProcess(
  mark: ProcessMark,
  how: { signal: NodeJS.Signals; graceMs: number },
): Promise<void> {
  if (!isAlive(mark)) return;
  signal(mark.pid, how.signal);
  // A frozen process cannot act on a signal until it runs again.
  signal(mark.pid, 'SIGCONT');
  if (await waitForEnd(mark, how.graceMs)) return;
  signal(mark.pid, 'SIGKILL');
  await waitForEnd(mark, 5_000);
}
