import { appendFileSync, closeSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { capLog, lastFaults, lastLines, openLog } from './log-file.ts';

describe('log file', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'corro-log-'));
    path = join(folder, 'some.log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('cap - a log over it becomes the older one, and its writer goes on in the new one', () => {
    const writer = openLog(path);
    writeSync(writer, 'old line\n');
    capLog(path, 100);
    expect(readFileSync(path, 'utf8')).toBe('old line\n');
    capLog(path, 5);
    writeSync(writer, 'new line\n');
    closeSync(writer);
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('old line\n');
    expect(readFileSync(path, 'utf8')).toBe('new line\n');
  });

  test("last faults - are found among ordinary lines, in every server's form", () => {
    const faults = [
      'Error [ERR_MODULE_NOT_FOUND]: Cannot find module',
      '[1] 2026/11/21 10:24:29.3 [ERR] no space',
      '2026-11-21 10:23:23 UTC [1] FATAL:  could not bind',
      '{"level":50,"msg":"lost"}',
    ];
    for (const fault of faults) appendFileSync(path, `ready\n${fault}\n{"level":30}\n    at x\n`);
    expect(lastFaults(path, 10)).toEqual(faults);
    expect(lastFaults(path, 1)).toEqual(faults.slice(-1));
  });

  test('last lines - are the newest, none of a log that is not there', () => {
    for (let i = 0; i < 5_000; i += 1) appendFileSync(path, `line ${i}\n`);
    expect(lastLines(path, 2)).toEqual(['line 4998', 'line 4999']);
    expect(lastLines(join(folder, 'other.log'), 2)).toEqual([]);
  });
});
