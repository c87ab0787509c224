import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Summary } from '../ops/ring/summary.ts';
import { startStack } from '../ops/stack/control.ts';
import { wire } from '../proto/subjects.ts';
import { expectSoundBooks } from './e2e/books.ts';
import { Corro, until } from './e2e/corro.ts';
import { type LiveExchange, openLiveExchange, SYMBOL } from './live-exchange.ts';

/** `corro replay --live` as a person runs it, on a whole stack. The exchange is a server on this
 * machine that speaks Binance. A failure here is a session that hangs, trades on nothing, or
 * leaves a schedule behind that nobody ends. */
describe('corro replay --live', () => {
  const corro = new Corro();
  const scheduleId = wire().watchScheduleId({ venue: 'binance', symbol: SYMBOL, timeframe: '1m' });
  const live = ['--live', 'binance', '--symbol', SYMBOL, '--timeframe', '1m'] as const;
  let exchange: LiveExchange;
  let temporal: Connection;
  let client: Client;

  beforeAll(async () => {
    exchange = await openLiveExchange({ span: 150, closed: 64 });
    const any = { postgres: 0, nats: 0, natsMonitor: 0, paper: 0 };
    const { state } = await startStack({
      home: corro.home,
      detached: false,
      durable: false,
      ports: { ...any, temporal: 0, temporalUi: 0, temporalHttp: 0 },
      environment: {
        CORRO_EXCHANGE_URLS: `binance=${exchange.url},kraken=http://127.0.0.1:9`,
      },
    });
    temporal = await Connection.connect({ address: state.addresses.temporalAddress });
    client = new Client({ connection: temporal });
  }, 300_000);

  afterAll(async () => {
    await temporal?.close();
    await exchange?.end();
    await corro.close();
  });

  const schedule = () =>
    client.schedule
      .getHandle(scheduleId)
      .describe()
      .catch(() => null);

  const learns = (): Promise<boolean> =>
    client.schedule
      .getHandle(
        wire().learningScheduleId({ venue: 'paper', symbol: SYMBOL, timeframe: '1m' }, 'daily'),
      )
      .describe()
      .then(
        () => true,
        () => false,
      );

  const untilScheduled = () => until('the schedule', schedule, 120_000);

  test('a candle closes - the ring debates it, trades on paper, and the books agree', async () => {
    const session = corro.start('replay', ...live, '--decisions', '8', '--json');
    const { spec, policies } = await untilScheduled();
    expect(spec.intervals).toEqual([{ every: 60_000, offset: 15_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60_000 });
    await exchange.close(1);
    await exchange.close(80);
    const { code, stdout, stderr } = await session.ended;
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout) as Summary;
    expect(summary).toMatchObject({ ended: 'decisions', decisions: 8 });
    expect(summary.fills).toBeGreaterThan(0);
    await expectSoundBooks(corro, summary);
    expect(await schedule()).toBeNull();
    expect(stderr).toContain(`learns each day after 00:20 UTC of ${SYMBOL} 1m`);
    expect(await learns()).toBe(true);
  }, 600_000);

  test('Ctrl-C - ends the session and its schedule; --no-learning makes none', async () => {
    const off = ['--every', 'daily', '--off', '--symbol', SYMBOL, '--timeframe', '1m'];
    await corro.ok('train', ...off);
    expect(await learns()).toBe(false);
    const session = corro.start('replay', ...live, '--quiet', '--no-learning');
    await untilScheduled();
    session.process.kill('SIGINT');
    const { code, stderr } = await session.ended;
    expect(code, stderr).toBe(130);
    expect(await schedule()).toBeNull();
    expect(await learns()).toBe(false);
  }, 300_000);

  test.each([
    ['an exchange nobody knows', ['nosuch', SYMBOL], 6, /no such exchange: nosuch/],
    [
      'a symbol it does not list',
      ['binance', 'NOPE/USDT'],
      6,
      /no such symbol: NOPE\/USDT at binance/,
    ],
    ['a network that is closed', ['kraken', SYMBOL], 7, /cannot be used: kraken/],
  ])(
    '%s - is said, and the command ends',
    async (_case, [id = '', symbol = ''], exit, says) => {
      const { code, stderr } = await corro.run('replay', '--live', id, '--symbol', symbol);
      expect(stderr).toMatch(says);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(code).toBe(exit);
      expect(await schedule()).toBeNull();
    },
    300_000,
  );
});
