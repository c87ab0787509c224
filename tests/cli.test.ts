import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Corro, type Ended } from './e2e/corro.ts';
import { CRASH } from './e2e/tape.ts';

/** The command line's manners where no stack runs. A failure here means that a person or a script
 * is told nothing useful: help that fails, a typo that is taken for a wish, an exit code that says
 * something else than docs/exit-codes.md, or a command that starts servers to find out that it was
 * given rubbish. */

const corro = new Corro();

afterAll(() => corro.close());

/** Commands that hand their words to another program, which has a help page of its own. */
const HANDED_ON = ['test', 'check'];

/** Two at a time: each command is a process. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all([work(), work()]);
}

/** The commands a help page lists under its headings, `help` itself apart. */
function commandsIn(page: string): readonly string[] {
  const chapters = page
    .split(/^(?=\S)/m)
    .filter((text) => !/^(Usage|Options|Arguments)/.test(text));
  const lines = chapters.flatMap((text) => text.split('\n').slice(1));
  const names = lines.flatMap((line) => /^ {2}([a-z]+)(?: |$)/.exec(line)?.[1] ?? []);
  return names.filter((name) => name !== 'help');
}

test('cli - every command, and every command of a command, has a help page', async () => {
  const top = commandsIn(await corro.ok('--help'));
  expect(top).toEqual(expect.arrayContaining(['demo', 'replay', 'up', 'verify', 'check']));
  const nested: (readonly string[])[] = [];
  await each(top, async (name) => {
    const page = await corro.ok(name, '--help');
    if (HANDED_ON.includes(name)) return expect(page).not.toBe('');
    expect(page).toContain(`Usage: corro ${name}`);
    for (const below of commandsIn(page)) nested.push([name, below]);
  });
  expect(nested).toEqual(
    expect.arrayContaining([
      ['debates', 'show'],
      ['escalations', 'answer'],
      ['users', 'add'],
    ]),
  );
  await each(nested, async (words) => {
    expect(await corro.ok(...words, '--help')).toContain(`Usage: corro ${words.join(' ')}`);
  });
});

test('cli - a wrong command line exits 2, says what was wrong, and starts nothing', async () => {
  const wrong: readonly (readonly string[])[] = [
    ['reply'],
    ['replay'],
    ['replay', CRASH, '--speed', '0'],
    ['replay', CRASH, '--from', 'yesterday'],
    ['replay', CRASH, '--live', 'binance'],
    ['replay', CRASH, '--timeframe', '7m'],
    ['replay', CRASH, CRASH, '--symbol', 'BTC/USDT'],
    ['replay', '--live', 'binance'],
    ['up', '--actor-hosts', '0'],
    ['debates', 'list'],
    ['orders', '--jsno'],
    ['escalations', 'answer', 'abc', 'perhaps'],
    ['escalations', 'answer', 'abc', 'modify'],
    ['escalations', 'answer', 'abc', 'approve', '--quantity', '1'],
    ['import', CRASH, '--venue', 'paper'],
    ['reset'],
    ['halt'],
    ['halt', 'stop', '--reason', 'a typo'],
    ['halt', 'pause', '--reason', 'x', '--name', 'No Name'],
    ['halt', 'flatten', '--reason', 'nobody was asked'],
    ['halt', 'lift', 'pause'],
    [],
  ];
  await each(wrong, async (words) => {
    const { code, stderr, stdout } = await corro.run(...words);
    expect({ words, code }, stderr).toEqual({ words, code: 2 });
    expect(stderr.trim()).not.toBe('');
    expect(stdout).toBe('');
  });
});

test('cli - what needs a running stack exits 4 and says how to start one', async () => {
  const needy: readonly (readonly string[])[] = [
    ['debates'],
    ['debates', 'show', 'x'],
    ['escalations'],
    ['escalations', 'answer', 'x', 'approve'],
    ['verify'],
    ['watch'],
    ['halt', 'list'],
    ['halt', 'pause'],
    ['halt', 'pause', '--reason', 'x'],
    ['down'],
  ];
  await each(needy, async (words) => {
    const { code, stderr, stdout } = await corro.run(...words);
    expect({ words, code }, stderr).toEqual({ words, code: 4 });
    expect(stderr).toContain(corro.home);
    expect(stdout).toBe('');
  });
  const { stdout } = await corro.run('orders', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'stack_not_running' } });
  const status = await corro.run('status', '--json');
  expect(status.code).toBe(4);
  expect(JSON.parse(status.stdout)).toMatchObject({ status: 'stopped', services: [] });
});

test('cli - a file that cannot be used exits 3 before any server is started', async () => {
  const path = (name: string): string => join(corro.home, name);
  writeFileSync(path('nameless.csv'), 'timestamp,open,high,low,close,volume\n');
  writeFileSync(path('a-BTC-USDT-5m.csv.gz'), Buffer.from('1f8b0800000000000003', 'hex'));
  const bad: readonly [readonly string[], RegExp][] = [
    [['replay', path('absent-BTC-USDT-5m.csv')], /no such file/],
    [['import', corro.home, '--symbol', 'BTC/USDT'], /directory/],
    [['import', path('nameless.csv')], /symbol/],
    [['replay', path('a-BTC-USDT-5m.csv.gz')], /gzip data ends too early/],
    [['replay', CRASH, '--from', '2031-01-01'], /no candles in the range.*2024-08-04/s],
    [['replay', CRASH, CRASH], /same symbol/],
  ];
  await each(bad, async ([words, said]) => {
    const ended: Ended = await corro.run(...words);
    expect({ words, code: ended.code }, ended.stderr).toEqual({ words, code: 3 });
    expect(ended.stderr).toMatch(said);
    expect(ended.stderr).not.toMatch(/ready after/);
  });
  for (const name of ['nameless.csv', 'a-BTC-USDT-5m.csv.gz']) rmSync(path(name));
});
