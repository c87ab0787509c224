import type { ServerResponse } from 'node:http';
import type { Shape } from './fault-script.ts';
import { chance, type Fired } from './faults.ts';

/** What a handler is told to get wrong. */
export interface Lies {
  readonly clockOffsetMs: number;
  /** Of the book that a new order meets. */
  readonly share: number;
  /** How many closes ago the book is from; 0: now. */
  readonly staleCandles: number;
}

export const TRUTH: Lies = { clockOffsetMs: 0, share: 1, staleCandles: 0 };

export function liesOf(fired: readonly Fired[]): Lies {
  return fired.reduce((lies, { fault, parameters }) => {
    if (fault === 'clock-skew') return { ...lies, clockOffsetMs: parameters.offsetMs };
    if (fault === 'partial-fill') return { ...lies, share: parameters.share };
    if (fault === 'stale-depth') return { ...lies, staleCandles: parameters.candles };
    return lies;
  }, TRUTH);
}

/** An answer as the venue would send it. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

const CODES = {
  'error-5xx': [-1001, 'Internal error; unable to process your request. Please try again.'],
  unexpected: [
    -1006,
    'An unexpected response was received from the message bus. Execution status unknown.',
  ],
  timeout: [
    -1007,
    'Timeout waiting for response from backend server. ' +
      'Send status unknown; execution status unknown.',
  ],
} as const;

/** What is sent instead of `truth`; `null`: nothing, the connection breaks. */
export function replyInstead({ fault, rule, nth, parameters }: Fired, truth: Reply): Reply | null {
  const kind = fault.replace(/-(before|after)$/, '');
  if (kind === 'reply-lost') return null;
  if (kind === 'malformed') return malformed(truth, parameters, chance(rule, 0, nth));
  if (kind in CODES) {
    const [code, msg] = CODES[kind as keyof typeof CODES];
    // Binance answers -1006 and -1007 with 4xx or 5xx; the code says that nobody knows.
    const status = kind === 'error-5xx' ? parameters.status : 400;
    return { status, body: JSON.stringify({ code, msg }) };
  }
  return truth;
}

function malformed(truth: Reply, parameters: Fired['parameters'], drawn: number): Reply {
  return {
    status: truth.status,
    body: SHAPED[parameters.shape](truth.body, { parameters, drawn }),
  };
}

interface Manner {
  readonly parameters: Fired['parameters'];
  /** 0 … 1 */
  readonly drawn: number;
}

const DEPTH = 100_000;

const SHAPED: Readonly<Record<Shape, (body: string, manner: Manner) => string>> = {
  html: () => '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>',
  empty: () => '',
  truncated: (body, { drawn }) => body.slice(0, Math.floor(body.length * (0.1 + drawn * 0.8))),
  'wrong-types': (body) => JSON.stringify(mistyped(JSON.parse(body))),
  'missing-fields': (body, { drawn }) => JSON.stringify(thinned(JSON.parse(body), drawn)),
  'other-order': (body) => JSON.stringify(ofAnother(JSON.parse(body))),
  'duplicate-keys': (body) =>
    body.replace(/\}(\]?)$/, ',"status":"FILLED","executedQty":"999","orderId":999}$1'),
  deep: () => `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`,
  huge: (body, { parameters }) =>
    `{"padding":"${'x'.repeat(parameters.bytes)}",${body.replace(/^[[{]/, '').replace(/\]$/, '}')}`,
  slow: (body) => body,
};

function mistyped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mistyped);
  if (typeof value === 'string') return { text: value };
  if (typeof value === 'number') return `x${value}`;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mistyped(part)]));
}

/** Without about half of the fields of each object. */
function thinned(value: unknown, drawn: number): unknown {
  if (Array.isArray(value)) return value.map((part) => thinned(part, drawn));
  if (typeof value !== 'object' || value === null) return value;
  const seed = Math.floor(drawn * 2 ** 32);
  const kept = Object.entries(value).filter((_, index) => chance(seed, 1, index) < 0.5);
  return Object.fromEntries(kept.map(([key, part]) => [key, thinned(part, drawn)]));
}

function ofAnother(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ofAnother);
  if (typeof value !== 'object' || value === null) return value;
  const other = { symbol: 'ETHUSDT', clientOrderId: 'somebody-else', orderId: 987_654_321 };
  const changed = Object.entries(other).filter(([key]) => key in value);
  return { ...value, ...Object.fromEntries(changed) };
}

/** Sends the head and half of a reply, and breaks off after `delayMs`. */
export function trickle(response: ServerResponse, reply: Reply, delayMs: number): void {
  response.writeHead(reply.status, { 'content-type': 'application/json;charset=UTF-8' });
  response.write(reply.body.slice(0, Math.ceil(reply.body.length / 2)));
  setTimeout(() => response.destroy(), delayMs).unref();
}
