/** The count of trials. Failure would look like: a trial that is forgotten, counted twice or lost
 * because another process was killed while it wrote. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Stretch, type Trial, TrialStore, trialHash } from './trials.ts';

const made: string[] = [];

afterAll(() => {
  for (const one of made) rmSync(one, { recursive: true, force: true });
});

function home(): string {
  made.push(mkdtempSync(join(tmpdir(), 'corro-trials-')));
  return made.at(-1) as string;
}

const DAY_MS = 86_400_000;

function stretch(fromDay: number, toDay: number, symbols = ['BTC/USDT']): Stretch {
  return {
    hash: `${symbols.join()} ${fromDay} ${toDay}`,
    timeframe: '1h',
    symbols,
    fromMs: fromDay * DAY_MS,
    toMs: toDay * DAY_MS - 1,
  };
}

function trial(hash: string, data = stretch(0, 10)): Omit<Trial, 'version'> {
  return {
    hash,
    at: '2026-01-02T03:04:05.000Z',
    command: 'sweep',
    strategy: { name: 'trend-following', version: 1, parameters: { fast: 5 } },
    data,
    account: { quote: 'USDT', capital: '10000' },
    figures: {
      totalReturn: 0.1,
      annualReturn: 0.2,
      annualVolatility: 0.3,
      sharpe: 1.5,
      sortino: null,
      calmar: null,
      maxDrawdown: 0.05,
      exposure: 0.2,
      trades: 3,
      winRate: null,
      profitFactor: null,
      feesPaid: '1.25',
    },
    moments: {
      count: 240,
      mean: 0.0002,
      deviation: 0.01,
      downside: 0.006,
      skewness: null,
      kurtosis: null,
    },
    blocks: { counts: [2, 2], sums: [0.01, -0.02], squares: [0.001, 0.002] },
  };
}

describe('trial store', () => {
  test('what was added is found again by another process; a repeat counts once', async () => {
    const folder = home();
    const store = await TrialStore.open(folder);
    expect(store.all).toEqual([]);
    for (const hash of ['b', 'a', 'b']) store.add(trial(hash));
    const again = await TrialStore.open(folder);
    expect(again.all.map(({ hash }) => hash)).toEqual(['b', 'a']);
    expect(again.find('a')).toEqual({ version: 1, ...trial('a') });
    expect(again.find('c')).toBeUndefined();
    expect(again.damaged).toBe(0);
  });

  test('a line torn by a kill costs that trial alone, wherever it was torn', async () => {
    const folder = home();
    const store = await TrialStore.open(folder);
    store.add(trial('a'));
    const whole = statSync(store.path).size;
    store.add(trial('b'));
    const both = statSync(store.path).size;
    const lines = readFileSync(store.path);
    for (const size of [whole + 1, whole + 40, both - 2]) {
      truncateSync(store.path, 0);
      appendFileSync(store.path, lines.subarray(0, size));
      const torn = await TrialStore.open(folder);
      expect(torn.all.map(({ hash }) => hash)).toEqual(['a']);
      expect(torn.damaged).toBe(1);
      torn.add(trial('c'));
      const mended = await TrialStore.open(folder);
      expect(mended.all.map(({ hash }) => hash)).toEqual(['a', 'c']);
    }
  });

  test('a last line that lacks only its end of line is whole', async () => {
    const folder = home();
    const store = await TrialStore.open(folder);
    store.add(trial('a'));
    truncateSync(store.path, statSync(store.path).size - 1);
    const next = await TrialStore.open(folder);
    next.add(trial('b'));
    expect((await TrialStore.open(folder)).all.map(({ hash }) => hash)).toEqual(['a', 'b']);
  });

  test('lines that are no trials are passed over and counted', async () => {
    const folder = home();
    const store = await TrialStore.open(folder);
    store.add(trial('a'));
    appendFileSync(store.path, 'null\n{"version":1}\n{"version":99,"hash":"x"}\n');
    const next = await TrialStore.open(folder);
    expect([next.all.length, next.damaged]).toEqual([1, 3]);
  });

  test('trials on the same candles: any overlap of the same market and timeframe', async () => {
    const store = await TrialStore.open(home());
    store.add(trial('later', stretch(10, 20)));
    store.add(trial('same', stretch(0, 10)));
    store.add(trial('part', stretch(9, 12, ['ETH/USDT', 'BTC/USDT'])));
    store.add(trial('other', stretch(0, 10, ['ETH/USDT'])));
    store.add(trial('slow', { ...stretch(0, 10), timeframe: '1d' }));
    const found = store.overlapping(stretch(0, 10)).map(({ hash }) => hash);
    expect(found).toEqual(['part', 'same']);
  });
});

describe('trial hash', () => {
  const key = {
    strategy: { name: 'a', version: 1, parameters: { fast: 5, slow: 9 } },
    data: stretch(0, 10),
    account: { quote: 'USDT', capital: '10000', conditions: { takerFeeBps: 10 }, settings: {} },
  };

  test('the same for equal settings in any order, another for anything that differs', () => {
    const { strategy, data, account } = key;
    const hash = trialHash(key);
    const turned = { ...strategy, parameters: { slow: 9, fast: 5 } };
    expect(trialHash({ ...key, strategy: turned })).toBe(hash);
    const others = [
      { ...key, strategy: { ...strategy, version: 2 } },
      { ...key, strategy: { ...strategy, parameters: { fast: 6, slow: 9 } } },
      { ...key, data: { ...data, hash: 'x' } },
      { ...key, account: { ...account, conditions: { takerFeeBps: 11 } } },
    ];
    const hashes = others.map(trialHash);
    expect(new Set([hash, ...hashes]).size).toBe(5);
  });
});
