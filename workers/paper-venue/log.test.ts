import { appendFile, mkdtemp, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_CONDITIONS } from '../../core/venue/conditions.ts';
import { type LogLine, VenueLog } from './log.ts';

const event = { type: 'conditions', conditions: DEFAULT_CONDITIONS } as const;

describe('venue log', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'venue-log-'));
    path = join(directory, 'venue.jsonl');
  });

  async function filled(lines: number): Promise<void> {
    const log = await VenueLog.open(directory, () => undefined);
    for (let line = 0; line < lines; line += 1) log.append(event);
    await log.durable();
    await log.close();
  }

  async function reopened(): Promise<{ log: VenueLog; lines: LogLine[] }> {
    const lines: LogLine[] = [];
    const log = await VenueLog.open(directory, (line) => lines.push(line));
    return { log, lines };
  }

  test('read back - every line that was durable, in order', async () => {
    await filled(3);
    const { log, lines } = await reopened();
    expect(lines.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(log.report).toEqual({ lines: 3, tornBytes: 0 });
    await log.close();
  });

  test('torn last line - cut off and reported wherever it tore, and writing goes on', async () => {
    await filled(2);
    const whole = await readFile(path);
    const second = whole.indexOf('\n') + 1;
    for (const size of [second + 1, Math.floor((second + whole.length) / 2), whole.length - 1]) {
      await writeFile(path, whole);
      await truncate(path, size);
      const { log, lines } = await reopened();
      expect(lines).toHaveLength(1);
      expect(log.report.tornBytes).toBe(size - second);
      log.append(event);
      await log.durable();
      await log.close();
      const again = await reopened();
      expect(again.lines.map(({ n }) => n)).toEqual([1, 2]);
      await again.log.close();
    }
  });

  test('damage inside - refused, with the line', async () => {
    await filled(3);
    const [first, , third] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${first}\n{"n":2,\n${third}\n`);
    await expect(reopened()).rejects.toThrow(/venue\.jsonl:2 is damaged/);
  });

  test('missing line - refused: a log with a gap is no witness', async () => {
    await filled(3);
    const [first, , third] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${first}\n${third}\n`);
    await expect(reopened()).rejects.toThrow(/:2 is damaged/);
  });

  test('many appends at once - one flush, none lost', async () => {
    const log = await VenueLog.open(directory, () => undefined);
    const waits = Array.from({ length: 500 }, () => {
      log.append(event);
      return log.durable();
    });
    await Promise.all(waits);
    await log.close();
    const { log: again, lines } = await reopened();
    expect(lines).toHaveLength(500);
    await again.close();
  });

  test('line longer than a read - put together again', async () => {
    const log = await VenueLog.open(directory, () => undefined);
    await log.close();
    const long = { n: 1, wallMs: 0, ...event, note: 'x'.repeat(3_000_000) };
    await appendFile(path, `${JSON.stringify(long)}\n`);
    const { log: again, lines } = await reopened();
    expect(lines).toHaveLength(1);
    await again.close();
  });
});
