import { AsyncLocalStorage } from 'node:async_hooks';
import type { Exchange } from 'ccxt';
import { textFrom } from './from-ccxt.ts';
import type { VenueKeys } from './paper-keys.ts';
import { VenueError } from './port.ts';

export type { Exchange };

/** What one send knows about itself while ccxt carries it out. */
export interface Sending {
  /** Asked right before the bytes leave: why they must not, or `null`. */
  readonly mayLeave: (signedAtMs: number) => Promise<string | null>;
  signedAtMs: number;
  left: boolean;
  answer: HttpAnswer | null;
}

export interface HttpAnswer {
  readonly status: number;
  /** The exchange's own error code, or an empty text. */
  readonly code: string;
  readonly text: string;
  /** Names as ccxt writes them: `X-Mbx-Used-Weight-1m`. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Our own fence stopped a send before a byte left. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

export interface ExchangeOptions {
  /** A ccxt exchange id. */
  readonly id: string;
  /** A server that speaks this exchange's dialect instead of it: the paper venue. */
  readonly baseUrl?: string;
  readonly keys?: VenueKeys;
  /** For one HTTP request. Default 8,000. */
  readonly timeoutMs?: number;
  readonly onAnswer?: (answer: HttpAnswer) => void;
}

/** How long after its signature Binance may still take a request. */
export const RECV_WINDOW_MS = 5_000;
const TIMEOUT_MS = 8_000;

const sends = new AsyncLocalStorage<Sending>();

/** Makes a ccxt client that is exact (numbers stay text), never retries, and asks the running send
 * before its request leaves. Loading ccxt costs 80 MB, so it happens here and only here. */
export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  const { pro } = (await import('ccxt')).default;
  const classes: object = pro;
  if (!Object.hasOwn(classes, options.id)) {
    throw new VenueError('invalid', `ccxt knows no exchange ${options.id}`);
  }
  const Class = classes[options.id as keyof typeof classes] as new (config: object) => Exchange;
  const exchange = new Class({
    ...(options.keys ? { apiKey: options.keys.apiKey, secret: options.keys.secret } : {}),
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    // The paper venue has no rate to keep; a real exchange gets ccxt's pacing besides our budget.
    enableRateLimit: options.baseUrl === undefined,
    options: {
      recvWindow: RECV_WINDOW_MS,
      adjustForTimeDifference: true,
      fetchCurrencies: false,
      fetchMargins: false,
      fetchMarkets: { types: ['spot'] },
      defaultType: 'spot',
      warnOnFetchOpenOrdersWithoutSymbol: false,
      maxRetriesOnFailure: 0,
    },
  });
  // ccxt's own switch for exact decimals; its type says number whatever it is set to.
  Object.assign(exchange, { number: String });
  if (options.baseUrl !== undefined) {
    Object.assign(exchange.urls, { api: redirected(exchange.urls['api'], options.baseUrl) });
    // ws:// without TLS needs ccxt's optional agents loaded.
    await exchange.loadHttpProxyAgent();
  }
  watchAnswers(exchange, options.onAnswer);
  guardFetch(exchange);
  quietFutures(exchange);
  return exchange;
}

/** Runs one order through ccxt: its request leaves at most once, and only when `mayLeave` allows.
 */
export function runSend<T>(sending: Sending, act: () => Promise<T>): Promise<T> {
  return sends.run(sending, act);
}

type HttpFetch = (
  ...request: [url: string, method?: string, headers?: object, body?: string]
) => Promise<unknown>;

function guardFetch(exchange: Exchange): void {
  const original = exchange.fetch.bind(exchange) as HttpFetch;
  const guarded: HttpFetch = async (...request) => {
    const [url, , , body] = request;
    const sending = sends.getStore();
    if (sending) {
      if (sending.left) throw new Fenced('a send leaves once, and this one has left');
      sending.signedAtMs = signedAt(`${url}&${body ?? ''}`) ?? sending.signedAtMs;
      const why = await sending.mayLeave(sending.signedAtMs);
      if (why !== null) throw new Fenced(why);
      sending.left = true;
    }
    return original(...request);
  };
  exchange.fetch = guarded;
}

function signedAt(request: string): number | undefined {
  const found = /[?&]timestamp=(\d{13})(&|$)/.exec(request)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** ccxt turns many codes into one class and drops them; the raw answer is kept beside. */
function watchAnswers(exchange: Exchange, onAnswer?: (answer: HttpAnswer) => void): void {
  const original = exchange.handleErrors.bind(exchange);
  const watched: typeof exchange.handleErrors = (...call) => {
    const status = call[0];
    const headers = call[4] as HttpAnswer['headers'];
    const { code, msg } = (call[6] ?? {}) as { readonly code?: unknown; readonly msg?: unknown };
    const answer = { status, headers, code: textFrom(code), text: textFrom(msg) };
    const sending = sends.getStore();
    if (sending) sending.answer = answer;
    onAnswer?.(answer);
    return original(...call);
  };
  exchange.handleErrors = watched;
}

/** ccxt rejects promises that nobody holds when a socket breaks, which would end the process.
 * Whoever does wait for one of them still gets its error. */
function quietFutures(exchange: Exchange): void {
  const original = exchange.client.bind(exchange);
  const quieted = new WeakSet<object>();
  exchange.client = (url) => {
    const client = original(url);
    if (quieted.has(client)) return client;
    quieted.add(client);
    const future = client.future.bind(client);
    client.future = (hash) => {
      const made = future(hash) as Promise<unknown>;
      made.catch(() => undefined);
      return made;
    };
    return client;
  };
}

/** Every address of ccxt's table, moved to one server. */
function redirected(addresses: unknown, baseUrl: string): string | Record<string, unknown> {
  if (typeof addresses !== 'string') {
    return Object.fromEntries(
      Object.entries(addresses ?? {}).map(([name, value]) => [name, redirected(value, baseUrl)]),
    );
  }
  if (!addresses.startsWith('ws')) return `${baseUrl}/api/v3`;
  const path = addresses.includes('ws-api') ? '/ws-api/v3' : '/ws';
  return baseUrl.replace(/^http/, 'ws') + path;
}
