import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';

/** A log may grow to this, then becomes the one older generation (`.1`). */
export const MOST_LOG_BYTES = 20 * 1024 * 1024;

/** A descriptor a child writes to. Append mode: after a truncation it goes on at the new end. */
export function openLog(path: string): number {
  return openSync(path, 'a', 0o600);
}

/** Copies and truncates a log that is over the cap; the process that writes it need not know. */
export function capLog(path: string, mostBytes: number = MOST_LOG_BYTES): void {
  if (!existsSync(path) || statSync(path).size <= mostBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

const TAIL_BYTES = 16_384;

/** The last lines of a log; none when there is no log. */
export function lastLines(path: string, count: number): string[] {
  if (!existsSync(path)) return [];
  const size = statSync(path).size;
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const file = openSync(path, 'r');
  try {
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
  } finally {
    closeSync(file);
  }
  return bytes.toString('utf8').split('\n').filter(Boolean).slice(-count);
}

const FAULT = /"level":[56]0|\b(FATAL|PANIC|ERROR|ERR|panic)\b|Error\b.*:/;

/** The last lines of a log that tell of a fault, each once; none when there are none. */
export function lastFaults(path: string, count: number): string[] {
  const faults = lastLines(path, 200).filter((line) => FAULT.test(line));
  return [...new Set(faults)].slice(-count);
}
