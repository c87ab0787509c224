import { AsyncLocalStorage } from 'node:async_hooks';
import type { Exchange } from 'ccxt';
import { bodyLimit, type RawBody, readBody } from './bodies.ts';
import { textFrom } from './from-ccxt.ts';
import type { VenueKeys } from './paper-keys.ts';
import { VenueError } from './port.ts';
import { isSoundJson } from './sound-json.ts';

export type { Exchange };

/** What one question or send hears while ccxt carries it out. */
export interface Hearing {
  /** The last HTTP answer that came; `null`: none. */
  answer: HttpAnswer | null;
  /** What that answer's JSON said. */
  body?: unknown;
}

/** What one send knows about itself besides. */
export interface Sending extends Hearing {
  /** Asked right before the bytes leave: why they must not, or `null`. */
  readonly mayLeave: (signedAtMs: number) => Promise<string | null>;
  signedAtMs: number;
  left: boolean;
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
  /** A reply longer than this is not read to its end; lists of symbols may always be 32 MB.
   * Default 32 MB. */
  readonly mostBytes?: number;
  readonly onAnswer?: (answer: HttpAnswer) => void;
}

/** How long after its signature Binance may still take a request. */
export const RECV_WINDOW_MS = 5_000;
const TIMEOUT_MS = 8_000;

const calls = new AsyncLocalStorage<Hearing | Sending>();

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
    // A socket that went silent is found out within half a minute, not within ccxt's six.
    streaming: { keepAlive: 10_000 },
    options: {
      recvWindow: RECV_WINDOW_MS,
      // What signs goes by its own clock: the gateway stops when that is away from the venue's, and
      // a clock that follows the venue's would follow its lies.
      adjustForTimeDifference: options.keys === undefined,
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
  await limitBodies(exchange, options);
  watchAnswers(exchange, options.onAnswer);
  guardFetch(exchange);
  quietFutures(exchange);
  return exchange;
}

/** Runs one order through ccxt: its request leaves at most once, and only when `mayLeave` allows.
 */
export function runSend<T>(sending: Sending, act: () => Promise<T>): Promise<T> {
  return calls.run(sending, act);
}

/** Runs one question through ccxt and keeps its raw answer. */
export function runAsk<T>(hearing: Hearing, act: () => Promise<T>): Promise<T> {
  return calls.run(hearing, act);
}

interface UndiciAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: RawBody['body'];
}
interface Undici {
  request(url: string, options: object): Promise<UndiciAnswer>;
}

/** ccxt reads a reply to its end, however long it is and however long it takes. Redirects are
 * refused: a signed request goes to one address. */
async function limitBodies(exchange: Exchange, options: ExchangeOptions): Promise<void> {
  await exchange.loadFetchImplementation();
  const undici = exchange.undiciModule as Undici | undefined;
  if (!undici) throw new Error('ccxt must have found undici: its replies could not be limited');
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  exchange.undiciRequest = async (url: string, request: { readonly headers?: object }) => {
    const headers = { ...request.headers, 'Accept-Encoding': 'gzip, deflate, br' };
    const answer = await undici.request(url, { ...request, headers });
    const { statusCode: status, body } = answer;
    if (status >= 300 && status < 400) {
      body.destroy();
      throw new VenueError('venue', `the venue answered with a redirect (HTTP ${status})`);
    }
    const encoding = textFrom(answer.headers['content-encoding']);
    const bytes = bodyLimit(url, options.mostBytes);
    const read = () => readBody({ body, encoding }, { bytes, timeoutMs });
    return {
      status,
      statusText: '',
      headers: answer.headers,
      text: async () => (await read()).toString('utf8'),
      arrayBuffer: read,
    };
  };
  const original = exchange.parseJson.bind(exchange);
  exchange.parseJson = (text: string): unknown =>
    text.length > MOST_CHECKED || isSoundJson(text) ? original(text) : undefined;
}

/** Longer ones are lists of symbols. */
const MOST_CHECKED = 1_000_000;

type HttpFetch = (
  ...request: [url: string, method?: string, headers?: object, body?: string]
) => Promise<unknown>;

function guardFetch(exchange: Exchange): void {
  const original = exchange.fetch.bind(exchange) as HttpFetch;
  const guarded: HttpFetch = async (...request) => {
    const [url, , , body] = request;
    const sending = calls.getStore();
    if (sending && 'mayLeave' in sending) {
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
    const hearing = calls.getStore();
    if (hearing) Object.assign(hearing, { answer, body: call[6] as unknown });
    onAnswer?.(answer);
    if (status < 400 && call[6] === undefined) {
      throw new VenueError('venue', "the venue's reply is not JSON, or could be read in two ways");
    }
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
