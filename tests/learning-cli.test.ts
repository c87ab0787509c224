/** Failure here means: `corro train` starts what nobody can follow, reports what did not happen,
 * leaves a run behind when it is stopped, or says nothing useful when it cannot begin. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LearningResult } from '../proto/learning.ts';
import { Corro, until } from './e2e/corro.ts';
import { madeUpCandles } from './made-up-market.ts';
import { PYTHON_TIMEOUT_MS } from './models-maker.ts';

const corro = new Corro();
const folder = mkdtempSync(join(tmpdir(), 'corro-train-'));
const MARKET = ['--symbol', 'NOISE/USDT', '--timeframe', '5m'] as const;
const SMALL = ['--trees', '5', '--folds', '2'] as const;

beforeAll(async () => {
  const lines = madeUpCandles('noise', 1_500, 4).map((candle) => {
    const { openTimeMs, open, high, low, close, volume } = candle;
    return [new Date(openTimeMs).toISOString(), open, high, low, close, volume].join();
  });
  const file = join(folder, 'noise.csv');
  writeFileSync(file, ['date,open,high,low,close,volume', ...lines].join('\n'));
  await corro.ok('up', '--trainer');
  await corro.ok('import', file, '--venue', 'binance', ...MARKET);
}, PYTHON_TIMEOUT_MS);

afterAll(async () => {
  await corro.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Printed extends LearningResult {
  readonly run: { readonly id: string; readonly status: string };
  readonly insights: { readonly headline: string };
}

interface Refused {
  readonly error: { readonly code: string; readonly text: string };
}

async function refused(...words: readonly string[]): Promise<Refused['error'] & { code: string }> {
  const { stdout, code } = await corro.run('train', ...words, '--json');
  expect(code).not.toBe(0);
  return (JSON.parse(stdout) as Refused).error;
}

describe('corro train', () => {
  test('--wait --json - the verdict, the run and its report', async () => {
    const words = ['train', ...MARKET, ...SMALL, '--wait'];
    const printed = await corro.json<Printed>(...words);
    expect(printed.verdict).toBe('rejected');
    expect(printed.run).toMatchObject({ id: printed.runId, status: 'done' });
    expect(printed.insights.headline).toContain('model rejected');
    const list = await corro.ok('insights');
    expect(list).toContain(printed.runId.slice(0, 12));
    const report = await corro.ok('insights', printed.runId.slice(0, 10));
    expect(report).toContain('# What the ring learned: NOISE/USDT, 5m, paper');
    expect(await corro.ok('models')).toContain('rejected');
  });

  test('Ctrl-C - ends the run in order, and says so', async () => {
    // Long enough to be stopped.
    const slow = corro.start('train', ...MARKET, '--trees', '1000', '--folds', '20', '--wait');
    await until('the training set', () => {
      return corro
        .sql(`select 1 from learning_runs where status = 'running'`)
        .then((rows) => rows.length === 1);
    });
    expect(await refused(...MARKET)).toMatchObject({ code: 'learning_under_way' });
    slow.process.kill('SIGINT');
    expect((await slow.ended).code).toBe(130);
    const rows = await corro.sql<{ status: string }>(
      'select status from learning_runs order by recorded_at desc limit 1',
    );
    expect(rows).toEqual([{ status: 'cancelled' }]);
  });

  test('without --wait - the id of a workflow that runs, and how to follow it', async () => {
    const words = ['train', ...MARKET, ...SMALL, '--seed', '9'];
    const { workflowId, url } = await corro.json<{ workflowId: string; url: string }>(...words);
    expect(workflowId).toBe('corro:learning:paper:NOISE-USDT:5m:demand');
    expect(url).toContain(workflowId);
    await until('its end', async () => {
      const rows = await corro.sql(`select 1 from learning_runs where status = 'done'`);
      return rows.length === 2;
    });
  });

  test('--every, --schedules, --off', async () => {
    expect(await corro.ok('train', ...MARKET, '--every', 'daily')).toContain('NOISE/USDT');
    const all = await corro.json<readonly { period: string }[]>('train', '--schedules');
    expect(all).toMatchObject([{ symbol: 'NOISE/USDT', period: 'daily', paused: false }]);
    await corro.ok('train', ...MARKET, '--every', 'daily', '--off');
    expect(await corro.json('train', '--schedules')).toEqual([]);
  });
});

describe('what cannot begin', () => {
  test.each([
    ['no market', [], 'usage', '--symbol BTC/USDT'],
    ['no symbol', ['--symbol', 'bitcoin', '--timeframe', '5m'], 'usage', 'BASE/QUOTE'],
    ['no timeframe', ['--symbol', 'NOISE/USDT', '--timeframe', '7m'], 'usage', '5m, 15m'],
    ['unknown symbol', ['--symbol', 'A/B', '--timeframe', '5m'], 'unknown_symbol', 'NOISE/USDT'],
    ['no such candles', ['--symbol', 'NOISE/USDT', '--timeframe', '1h'], 'no_candles', '5m'],
    ['--off alone', [...MARKET, '--off'], 'usage', '--every'],
    ['from after to', [...MARKET, '--from', '2024-02-01', '--to', '2024-01-01'], 'usage', 'before'],
    [
      'nothing in the window',
      [...MARKET, '--from', '2025-02-01', '--to', '2025-03-01', '--wait'],
      'no_candles',
      'the newest candle closed',
    ],
  ])('%s - says why, and what there is', async (_name, words, code, says) => {
    const error = await refused(...words);
    expect(error.code).toBe(code);
    expect(error.text).toContain(says);
  });
});
