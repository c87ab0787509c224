import { setTimeout as sleep } from 'node:timers/promises';

/** How long the ring waits for a server that went away before it gives up, and how often it
 * asks. */
const LIMIT_MS = 90_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export interface Patience {
  readonly signal: AbortSignal;
  /** Told once when waiting begins, and once when it is over. */
  readonly onWait?: (what: string, error: unknown) => void;
  readonly limitMs?: number;
}

/** An attempt that lasted longer than any client waits for a silent server was being answered: what
 * ended it is a new absence, not the last one still. */
const ANSWERED_MS = 20_000;

/** Does an idempotent thing until the server behind it answers. Faults that asking again cannot
 * mend are thrown at once; an absent server is waited for, up to the limit. */
export async function patiently<T>(
  what: string,
  act: () => Promise<T>,
  { signal, onWait, limitMs = LIMIT_MS }: Patience,
): Promise<T> {
  let absentSinceMs: number | null = null;
  for (let pauseMs = FIRST_PAUSE_MS, told = false; ; pauseMs *= 2) {
    const triedAtMs = performance.now();
    try {
      return await act();
    } catch (error) {
      if (signal.aborted || !isAbsence(error)) throw error;
      const now = performance.now();
      if (absentSinceMs === null || now - triedAtMs > ANSWERED_MS) absentSinceMs = now;
      if (now - absentSinceMs > limitMs) {
        throw new Error(`${what}: no answer for ${limitMs / 1000} s`, { cause: error });
      }
      if (!told) onWait?.(what, error);
      told = true;
      await sleep(Math.min(pauseMs, LONGEST_PAUSE_MS), undefined, { signal });
    }
  }
}

const ABSENT_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  // Ours: the stack's servers, and the venue gateway.
  'server_unreachable',
  'timeout',
  'unreachable',
]);
/** Postgres: connection lost (08…), shutting down or starting (57P01…03), too many clients. */
const ABSENT_SQL_STATE = /^(08\w{3}|57P0[123]|53300)$/;
/** gRPC: UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED (a cut long poll), UNKNOWN, INTERNAL (a cut
 * stream). */
const ABSENT_GRPC = new Set([14, 4, 1, 2, 13]);
/** What NATS's client and ours call a connection that is not there, or a reply that did not
 * come. */
const ABSENT_NAMES = new Set([
  'ClosedConnectionError',
  'ConnectionError',
  'DrainingConnectionError',
  'LinkBroken',
  'NoResponders',
  'NotAcknowledged',
  'RequestError',
  'TimeoutError',
]);
/** What drivers say that have neither code nor name for it. */
const ABSENT_TEXT = new RegExp(
  [
    '^connection (terminated|ended|closed|broke)',
    '^client (has encountered a connection error|was closed)',
    '^timeout exceeded when trying to connect$',
    '^(query read timeout|timeout expired)$',
    'did not answer',
    '(unable|failed) to connect',
    '^fetch failed$',
    'before the reply came$',
    '^the database system is (starting up|shutting down)',
  ].join('|'),
  'i',
);
/** The end of a workflow is final, whatever ended it; an expected fault of ours that says something
 * else is no absence because of what caused it; and the models were waited for already. */
const FINAL_NAMES = new Set([
  'WorkflowFailedError',
  'WorkflowNotFoundError',
  'WireError',
  'Unforetold',
]);

/** True when the error says that a server is away, rather than that it refused. Looks at the causes
 * too: clients wrap what the socket said. */
export function isAbsence(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    if (FINAL_NAMES.has(at.name)) return false;
    const { code } = at as { code?: unknown };
    if (at.name === 'CorroError') return typeof code === 'string' && ABSENT_CODES.has(code);
    if (saysAbsent(at, code)) return true;
    at = at.cause;
  }
  return false;
}

function saysAbsent({ name, message }: Error, code: unknown): boolean {
  if (typeof code === 'string' && (ABSENT_CODES.has(code) || ABSENT_SQL_STATE.test(code))) {
    return true;
  }
  if (typeof code === 'number' && ABSENT_GRPC.has(code)) return true;
  return ABSENT_NAMES.has(name) || ABSENT_TEXT.test(message);
}
