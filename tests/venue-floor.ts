import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Exchange, openExchange } from '../adapters/venue/exchange.ts';
import { type PaperControl, paperControl } from '../adapters/venue/paper-control.ts';
import { instrumentFor } from '../adapters/venue/paper-instrument.ts';
import { paperKeys } from '../adapters/venue/paper-keys.ts';
import { type PaperVenueServer, startPaperVenue } from '../workers/paper-venue/server.ts';

/** A paper venue with BTC/USDT at 50,000 and one account, for the tests of the venue. */

export const SECRET = 'a secret of the tests';
export const ACCOUNT = '0b9e7f8a-4c1d-4e57-9d5a-6f1f2f3a4b5c';
export const SYMBOL = 'BTC/USDT';
export const FIRST_OPEN_MS = Date.UTC(2024, 7, 5);
export const STEP_MS = 300_000;
export const silent = pino({ level: 'silent' });

export interface Prices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume?: number;
  readonly nextOpen?: number | null;
}

/** The close of the candle with this number, from 0, of five minutes. */
export function closeOf(number: number, prices: Prices) {
  const { nextOpen = prices.close, volume = 100, ...rest } = prices;
  const openTimeMs = FIRST_OPEN_MS + number * STEP_MS;
  const closeTimeMs = openTimeMs + STEP_MS - 1;
  const candle = { openTimeMs, closeTimeMs, ...rest, volume };
  return {
    timeMs: closeTimeMs,
    candles: [{ symbol: SYMBOL, timeframe: '5m' as const, candle, nextOpen }],
  };
}

export const flat = (price: number): Prices => ({
  open: price,
  high: price,
  low: price,
  close: price,
});

export interface Floor {
  readonly directory: string;
  readonly server: PaperVenueServer;
  readonly control: PaperControl;
  close(): Promise<void>;
}

/** Listed, funded with 100,000 USDT and 10 BTC, and standing at 50,000. */
export async function openFloor(): Promise<Floor> {
  const directory = mkdtempSync(join(tmpdir(), 'venue-'));
  const server = await startPaperVenue({ directory, port: 0, secret: SECRET, log: silent });
  const control = paperControl({ url: server.url, secret: SECRET });
  await control.instruments([instrumentFor(SYMBOL, [50_000])]);
  const deposits = { USDT: '100000', BTC: '10' };
  await control.deposit({ depositId: 'first', account: ACCOUNT, deposits });
  await control.tape(closeOf(0, flat(50_000)));
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { directory, server, control, close };
}

/** The real ccxt, pointed at a venue. */
export async function trader(url: string, account = ACCOUNT): Promise<Exchange> {
  const exchange = await openExchange({
    id: 'binance',
    baseUrl: url,
    keys: paperKeys(SECRET, account),
  });
  await exchange.loadMarkets();
  return exchange;
}

/** Waits until `ready` holds, at most 60 seconds if not said: a busy machine is slow, not wrong. */
export async function until(
  ready: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end; ) {
    if (await ready()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`it did not happen within ${withinMs} ms`);
}
