import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PaperControl, paperControl } from '../adapters/venue/paper-control.ts';
import { instrumentFor } from '../adapters/venue/paper-instrument.ts';
import type { Candle, Timeframe } from '../core/market/candle.ts';
import { REPOSITORY } from '../ops/stack/home.ts';
import { startPaperVenue } from '../workers/paper-venue/server.ts';
import { silent } from './venue-floor.ts';

/** An exchange for the tests of live mode: a second paper venue that speaks Binance, whose
 * minutes are the demo's real candles stamped anew, so that the newest of them has just closed. */

const MINUTE_MS = 60_000;
const SECRET = 'the exchange of the live tests';
export const SYMBOL = 'BTC/USDT';

type Prices = Omit<Candle, 'openTimeMs' | 'closeTimeMs'>;

export interface LiveExchange {
  readonly url: string;
  /** Closes the next candles of the tape, one after another. */
  close(count: number): Promise<void>;
  /** Closes one more candle that the tape does not have. */
  closeOwn(prices: Prices): Promise<void>;
  end(): Promise<void>;
}

/** `span` candles end with the newest minute that has closed; the first `closed` of them have. */
export async function openLiveExchange(tape: {
  readonly span: number;
  readonly closed: number;
}): Promise<LiveExchange> {
  const directory = mkdtempSync(join(tmpdir(), 'exchange-'));
  const server = await startPaperVenue({ directory, port: 0, secret: SECRET, log: silent });
  const control = paperControl({ url: server.url, secret: SECRET });
  await control.instruments([instrumentFor(SYMBOL, [58_000])]);
  const firstOpenMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - tape.span * MINUTE_MS;
  const candles = realCandles();
  const minutes: Candle[] = [];
  const closeNext = async (prices: Prices): Promise<void> => {
    const openTimeMs = firstOpenMs + minutes.length * MINUTE_MS;
    minutes.push({ openTimeMs, closeTimeMs: openTimeMs + MINUTE_MS - 1, ...prices });
    await closeMinute(control, minutes);
  };
  const close = async (count: number): Promise<void> => {
    for (const prices of candles.slice(minutes.length, minutes.length + count))
      await closeNext(prices);
  };
  await close(tape.closed);
  const end = async (): Promise<void> => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { url: server.url, close, closeOwn: closeNext, end };
}

/** The newest minute closes, and with every fifth the five minutes. */
async function closeMinute(control: PaperControl, minutes: readonly Candle[]): Promise<void> {
  const candle = minutes.at(-1);
  if (candle === undefined) throw new Error('minutes must not be empty');
  const timeMs = candle.closeTimeMs;
  const row = { symbol: SYMBOL, nextOpen: candle.close };
  const rows = [{ ...row, timeframe: '1m' as Timeframe, candle }];
  const five = minutes.slice(-5);
  if ((timeMs + 1) % (5 * MINUTE_MS) === 0 && five.length === 5) {
    rows.push({ ...row, timeframe: '5m', candle: together(five) });
  }
  await control.tape({ timeMs, candles: rows });
}

function together(candles: readonly Candle[]): Candle {
  const [first] = candles;
  const last = candles.at(-1);
  if (first === undefined || last === undefined) throw new Error('candles must not be empty');
  return {
    openTimeMs: first.openTimeMs,
    closeTimeMs: last.closeTimeMs,
    open: first.open,
    high: Math.max(...candles.map((candle) => candle.high)),
    low: Math.min(...candles.map((candle) => candle.low)),
    close: last.close,
    volume: candles.reduce((sum, candle) => sum + candle.volume, 0),
  };
}

function realCandles(): readonly Prices[] {
  const text = readFileSync(join(REPOSITORY, 'ops/demo/binance-BTC-USDT-5m.csv'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .map(([, open = 0, high = 0, low = 0, close = 0, volume = 0]) => ({
      ...{ open, high, low, close },
      volume,
    }));
}
