import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { paperLogSecret } from '../../adapters/venue/paper-keys.ts';
import { TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { isSymbol } from '../../core/market/instrument.ts';
import { ControlError } from '../../core/venue/tape.ts';
import { readBody } from './body.ts';
import { CONDITIONS } from './conditions.ts';
import { FAULT_SCRIPT } from './fault-script.ts';
import { type HttpHandler, send } from './rest.ts';
import type { PaperVenue } from './venue.ts';

const BODY_LIMIT = 4 * 1024 * 1024;

const step = z.string().regex(/^(?!0+(\.0+)?$)\d{1,12}(\.\d{1,8})?$/, 'must be a decimal above 0');
const money = z
  .string()
  .regex(/^(?!0+(\.0+)?$)\d{1,18}(\.\d{1,18})?$/, 'must be a decimal above 0');
const asset = z.string().regex(/^[A-Z0-9]{1,20}$/);
const symbol = z.string().refine(isSymbol, 'must look like BTC/USDT');
const instant = z.int().min(0);
const price = z.number().positive().max(1e15);

const INSTRUMENTS = z
  .array(
    z
      .strictObject({
        symbol,
        base: asset,
        quote: asset,
        tickSize: step,
        lotSize: step,
        minNotional: z.string().regex(/^\d{1,12}(\.\d{1,8})?$/),
      })
      .refine(({ symbol: name, base, quote }) => name === `${base}/${quote}`, 'must be BASE/QUOTE'),
  )
  .max(5_000);

const DEPOSIT = z.strictObject({
  depositId: z.string().min(1).max(100),
  account: z.string().regex(/^[a-zA-Z0-9-]{1,64}$/),
  deposits: z.record(asset, money),
});

const CANDLE = z
  .strictObject({
    openTimeMs: instant,
    closeTimeMs: instant,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: z.number().min(0).max(1e18),
  })
  .refine((candle) => candle.openTimeMs < candle.closeTimeMs, 'must close after it opened')
  .refine(
    ({ open, high, low, close }) => high >= Math.max(open, close) && low <= Math.min(open, close),
    'must keep open and close between low and high',
  );

const TAPE = z
  .strictObject({
    timeMs: instant,
    candles: z
      .array(
        z.strictObject({
          symbol,
          timeframe: z.enum(Object.keys(TIMEFRAMES) as [Timeframe, ...Timeframe[]]),
          candle: CANDLE,
          nextOpen: price.nullable(),
        }),
      )
      .max(5_000),
  })
  .refine(
    ({ timeMs, candles }) => candles.every(({ candle }) => candle.closeTimeMs <= timeMs),
    'must not hold candles that close later than timeMs',
  );

type Act = (venue: PaperVenue, body: unknown) => Record<string, unknown>;

const ACTS: Readonly<Record<string, Act>> = {
  '/control/instruments': (venue, body) => {
    venue.setInstruments(INSTRUMENTS.parse(body));
    return { instruments: venue.state.symbols().length };
  },
  '/control/conditions': (venue, body) => {
    const conditions = CONDITIONS.parse(body);
    venue.setConditions(conditions);
    return { ...conditions };
  },
  '/control/accounts': (venue, body) => ({ credited: venue.deposit(DEPOSIT.parse(body)) }),
  '/control/faults': (venue, body) => {
    venue.setFaults(FAULT_SCRIPT.parse(body));
    return { ...venue.faults.report() };
  },
  '/control/tape': (venue, body) => {
    const { timeMs, candles } = TAPE.parse(body);
    const moved = venue.moveTape({ timeMs, moves: candles });
    return { moved, timeMs: venue.state.tapeTimeMs };
  },
};

/** The door of whoever runs the tape: instruments, deposits, conditions, candles, and the log
 * itself. Every request carries the secret in `x-corro-control`; the log opens to its own secret
 * too (`paperLogSecret`), which opens nothing else. */
export function controlHandler(venue: PaperVenue, secret: string): HttpHandler {
  const logSecret = paperLogSecret(secret);
  return async (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    try {
      const asksLog = request.method === 'GET' && path === '/control/log';
      const opens = asksLog ? [secret, logSecret] : [secret];
      if (!isKnown(request, opens)) throw new ControlError(401, 'x-corro-control is not right');
      if (asksLog) return await sendLog(venue, query, response);
      if (request.method === 'GET' && path === '/control/faults') {
        return send(response, 200, venue.faults.report());
      }
      const act = request.method === 'POST' ? ACTS[path] : undefined;
      if (!act) throw new ControlError(404, `no ${request.method} ${path}`);
      const result = act(venue, await readJson(request));
      await venue.settled();
      send(response, 200, result);
    } catch (error) {
      const { status, text } = describe(error);
      send(response, status, { error: text });
    }
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, BODY_LIMIT);
  if (body === null) throw new ControlError(413, `body must be at most ${BODY_LIMIT} bytes`);
  try {
    return JSON.parse(body);
  } catch {
    throw new ControlError(400, 'body must be JSON');
  }
}

/** The log from the line that `from=` names on; the whole of it without that. */
async function sendLog(venue: PaperVenue, query: string, response: ServerResponse): Promise<void> {
  const from = new URLSearchParams(query).get('from') ?? '1';
  if (!/^[1-9]\d{0,14}$/.test(from)) throw new ControlError(400, 'from must be a line from 1 on');
  await venue.settled();
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  await pipeline(Readable.from(venue.log.read(Number(from))), response);
}

function isKnown(request: IncomingMessage, secrets: readonly string[]): boolean {
  const given = Buffer.from(String(request.headers['x-corro-control'] ?? ''));
  return secrets.some((secret) => {
    const expected = Buffer.from(secret);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function describe(error: unknown): { readonly status: number; readonly text: string } {
  if (error instanceof ControlError) return { status: error.status, text: error.message };
  if (error instanceof z.ZodError) {
    const faults = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { status: 400, text: faults.slice(0, 5).join('; ') };
  }
  return { status: 500, text: String(error) };
}
