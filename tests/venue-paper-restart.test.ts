import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paperControl } from '../adapters/venue/paper-control.ts';
import { instrumentFor } from '../adapters/venue/paper-instrument.ts';
import { freePort } from './support/free-port.ts';
import { ACCOUNT, closeOf, flat, SECRET, SYMBOL, trader, until } from './venue-floor.ts';

/** The paper venue as a process of its own, killed without warning. A failure here means that the
 * second witness forgets: an order it answered for, money, or where the tape stands. */
describe('paper venue killed', () => {
  let directory: string;
  let port: number;
  let venue: ChildProcess | null = null;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'venue-'));
    port = await freePort();
  });

  afterEach(async () => {
    await kill();
    rmSync(directory, { recursive: true, force: true });
  });

  const url = (): string => `http://127.0.0.1:${port}`;
  const control = () => paperControl({ url: url(), secret: SECRET });

  async function start(): Promise<void> {
    venue = spawn(process.execPath, ['workers/paper-venue.ts'], {
      env: {
        PATH: process.env['PATH'],
        CORRO_POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/none',
        CORRO_NATS_URL: 'nats://127.0.0.1:1',
        CORRO_TEMPORAL_ADDRESS: '127.0.0.1:1',
        CORRO_PAPER_DIR: directory,
        CORRO_PAPER_PORT: String(port),
        CORRO_PAPER_SECRET: SECRET,
      },
      stdio: 'ignore',
    });
    await until(() =>
      fetch(`${url()}/api/v3/ping`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  }

  async function kill(): Promise<void> {
    const dying = venue;
    venue = null;
    if (!dying || dying.exitCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  }

  async function open(): Promise<void> {
    await start();
    await control().instruments([instrumentFor(SYMBOL, [50_000])]);
    const deposits = { USDT: '100000', BTC: '10' };
    await control().deposit({ depositId: 'first', account: ACCOUNT, deposits });
    await control().tape(closeOf(0, flat(50_000)));
  }

  /** Everything an account and the market can be asked. */
  async function picture() {
    const ccxt = await trader(url());
    const raw = ccxt as unknown as {
      privateGetAllOrders(query: object): Promise<unknown>;
      privateGetMyTrades(query: object): Promise<unknown>;
      privateGetAccount(): Promise<unknown>;
      publicGetDepth(query: object): Promise<unknown>;
      publicGetKlines(query: object): Promise<unknown>;
    };
    const symbol = 'BTCUSDT';
    try {
      return {
        orders: await raw.privateGetAllOrders({ symbol }),
        trades: await raw.privateGetMyTrades({ symbol }),
        account: await raw.privateGetAccount(),
        depth: await raw.publicGetDepth({ symbol }),
        klines: await raw.publicGetKlines({ symbol, interval: '5m' }),
      };
    } finally {
      await ccxt.close();
    }
  }

  async function trade(): Promise<void> {
    const ccxt = await trader(url());
    const number = (text: string): number => text as unknown as number;
    const send = (side: 'buy' | 'sell', terms: string, params: object) => {
      const [quantity = '', price = ''] = terms.split(' at ');
      return ccxt.createOrder(SYMBOL, 'limit', side, number(quantity), number(price), params);
    };
    await send('buy', '0.6 at 50010', { timeInForce: 'IOC', clientOrderId: 'ioc' });
    await send('buy', '0.5 at 49000', { clientOrderId: 'rest' });
    await send('sell', '0.5 at 51000', { clientOrderId: 'take' });
    await send('buy', '0.1 at 48000', { clientOrderId: 'gone' });
    await ccxt.cancelOrder('gone', SYMBOL, { clientOrderId: 'gone' });
    await control().tape(
      closeOf(1, { open: 50_000, high: 50_200, low: 48_900, close: 49_500, volume: 6 }),
    );
    await send('sell', '0.05 at 49400', { timeInForce: 'IOC', clientOrderId: 'late' });
    await ccxt.close();
  }

  test('kill and start - orders, trades, money, book and tape are what they were', async () => {
    await open();
    await trade();
    const before = await picture();
    await kill();
    await start();
    expect(await picture()).toEqual(before);
  });

  test('kill again and again between acts - the same as without', async () => {
    await open();
    await trade();
    const undisturbed = await picture();
    await kill();
    rmSync(directory, { recursive: true, force: true });
    await open();
    for (let round = 0; round < 3; round += 1) {
      await kill();
      await start();
    }
    await trade();
    await kill();
    await start();
    expect(await picture()).toEqual(undisturbed);
  });

  test('torn last line - what was answered stands, what was not is gone whole', async () => {
    await open();
    const before = await picture();
    const path = join(directory, 'venue.jsonl');
    const { size } = statSync(path);
    const ccxt = await trader(url());
    await ccxt.createOrder(SYMBOL, 'market', 'sell', '0.5' as unknown as number);
    await ccxt.close();
    await kill();
    await truncate(path, Math.floor((size + statSync(path).size) / 2));
    await start();
    expect(await picture()).toEqual(before);
    expect(statSync(path).size).toBe(size);
  });

  test('repeated control calls after a restart - nothing twice', async () => {
    await open();
    const before = await picture();
    await kill();
    await start();
    const deposits = { USDT: '100000', BTC: '10' };
    expect(await control().deposit({ depositId: 'first', account: ACCOUNT, deposits })).toBe(false);
    expect(await control().tape(closeOf(0, flat(50_000)))).toBe(false);
    await control().instruments([instrumentFor(SYMBOL, [50_000])]);
    expect(await picture()).toEqual(before);
  });

  test('closes told again by a killed driver - nothing moves; others are refused', async () => {
    await open();
    await control().tape(closeOf(1, flat(50_100)));
    await control().tape(closeOf(2, flat(50_200)));
    const before = await picture();
    for (const [number, price] of [50_000, 50_100, 50_200].entries()) {
      expect(await control().tape(closeOf(number, flat(price)))).toBe(false);
    }
    await expect(control().tape(closeOf(1, flat(50_101)))).rejects.toThrow(/must open after/);
    expect(await picture()).toEqual(before);
  });

  test('its own log - says every order, fill and balance, with nothing left out', async () => {
    await open();
    await trade();
    const lines: Record<string, unknown>[] = [];
    for await (const line of control().log()) lines.push(line);
    expect(lines.map(({ n }) => n)).toEqual(lines.map((_, index) => index + 1));
    expect(lines.map(({ type }) => type)).toEqual([
      'instruments',
      'deposit',
      'tape',
      ...['order', 'order', 'order', 'order', 'cancel'],
      'tape',
      'order',
    ]);
    const [resting] = (lines.at(-2)?.['trades'] ?? []) as { quantity: string }[];
    // A twentieth of the candle's six bitcoin.
    expect(resting?.quantity).toBe('0.3');
  });
});
