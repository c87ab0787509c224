import { readdirSync, readFileSync } from 'node:fs';
import type { StackState } from '../ops/stack/control.ts';

/** Processor milliseconds by service of a stack, all copies and children of each together. Linux
 * only. */
export type ProcessorTimes = Readonly<Record<string, number>>;

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

interface Counted {
  readonly parent: number;
  /** Its own, and that of the children it has buried. */
  readonly ms: number;
}

/** What every service has used since it started. */
export function processorTimes(state: StackState): ProcessorTimes {
  const processes = countAll();
  const times: Record<string, number> = {};
  for (const { service, pid } of state.services) {
    if (pid !== null) times[service] = (times[service] ?? 0) + familyMs(pid, processes);
  }
  return times;
}

/** What was used between two readings, divided by `share`. */
export function usedBetween(
  before: ProcessorTimes,
  after: ProcessorTimes,
  share: number,
): ProcessorTimes {
  return Object.fromEntries(
    Object.entries(after).map(([service, ms]) => [service, (ms - (before[service] ?? 0)) / share]),
  );
}

function familyMs(pid: number, processes: ReadonlyMap<number, Counted>): number {
  let ms = processes.get(pid)?.ms ?? 0;
  for (const [child, { parent }] of processes) {
    if (parent === pid) ms += familyMs(child, processes);
  }
  return ms;
}

function countAll(): ReadonlyMap<number, Counted> {
  const processes = new Map<number, Counted>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const counted = countOne(pid);
    if (counted !== null) processes.set(pid, counted);
  }
  return processes;
}

/** Fields after the command's closing parenthesis: parent is the second; own user and system time
 * the twelfth and thirteenth; those of buried children follow. */
function countOne(pid: number): Counted | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), ms: ticks * TICK_MS };
  } catch {
    return null;
  }
}
