import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { paperAccount } from '../../adapters/venue/paper-keys.ts';
import { Refusal } from '../../core/venue/errors.ts';
import { readBody } from './body.ts';
import { isReplyFault } from './fault-script.ts';
import type { Fired } from './faults.ts';
import { type Lies, liesOf, type Reply, replyInstead, TRUTH, trickle } from './lies.ts';
import type { ListenKeys } from './listen-keys.ts';
import { Parameters } from './parameters.ts';
import { occasionOf, ROUTES, type Route } from './routes.ts';
import { accountOf, checkSignature, withoutSignature } from './signature.ts';
import type { PaperVenue } from './venue.ts';
import type { Weights } from './weights.ts';

const BODY_LIMIT = 16 * 1024;

export interface RestContext {
  readonly venue: PaperVenue;
  readonly listenKeys: ListenKeys;
  readonly secret: string;
  readonly log: Logger;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

interface Call {
  readonly route: Route;
  readonly query: string;
  readonly body: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Binance's REST door: route, weight, key, signature, then the handler; every refusal is
 * `{"code": …, "msg": …}` and every success waits until the log has it. */
export function restHandler(context: RestContext, weights: Weights): HttpHandler {
  return async (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const route = ROUTES.get(`${request.method} ${path}`);
    try {
      if (!route) throw new Refusal('unsupported');
      spendWeight(weights, { route, request, response, venue: context.venue });
      const body = await readBody(request, BODY_LIMIT);
      if (body === null) throw new Refusal('tooManyParameters');
      const call = { route, query, body, request, response };
      if (isStopped(context.venue, call)) return;
      const fired = fire(context.venue, call);
      if (fired.length > 0) return await lie(context, call, fired);
      const result = perform(context, call, TRUTH);
      await context.venue.settled();
      send(response, 200, result);
    } catch (error) {
      refuse(context, response, error);
    }
  };
}

function fire(venue: PaperVenue, { route, request }: Call): readonly Fired[] {
  const on = occasionOf(route);
  if (!venue.faults.active || on === null) return [];
  const account = paperAccount(headerOf(request, 'x-mbx-apikey') ?? '');
  return venue.faults.fire({ on, account, marketMs: venue.state.tapeTimeMs });
}

/** Serves nobody while a 429 or 418 holds, and writes down who should have known. */
function isStopped(venue: PaperVenue, { route, request, response }: Call): boolean {
  const stopped = venue.faults.stopped();
  if (!stopped) return false;
  const account = paperAccount(headerOf(request, 'x-mbx-apikey') ?? '');
  if (stopped.ignored) {
    const did = `a request came ${stopped.leftMs} ms before the stop was over`;
    venue.accuse({ rule: stopped.by.rule, on: occasionOf(route) ?? 'time', account, did });
  }
  sendStop(response, stopped.by, stopped.leftMs);
  return true;
}

function sendStop(response: ServerResponse, by: Fired, leftMs: number): void {
  response.setHeader('retry-after', Math.ceil(leftMs / 1_000));
  const status = by.fault === 'banned' ? 418 : 429;
  send(response, status, { code: -1003, msg: 'Way too much request weight used; IP banned.' });
}

/** Answers a request about which rules fired: at most one of them says what becomes of the reply,
 * the others what is wrong in it. */
async function lie(context: RestContext, call: Call, fired: readonly Fired[]): Promise<void> {
  const { venue } = context;
  const about = fired.find(({ fault }) => isReplyFault(fault));
  if (about?.fault === 'rate-limited' || about?.fault === 'banned') {
    venue.faults.stop(about);
    venue.confess(about, `nobody is served for ${about.parameters.seconds} s`);
    sendStop(call.response, about, about.parameters.seconds * 1_000);
    return;
  }
  if (about?.fault.endsWith('-before')) {
    venue.confess(about, 'nothing was done');
    return deliver(call.response, about, { status: 200, body: '{}' });
  }
  if (about?.fault === 'arrival-late') await sleep(about.parameters.delayMs);
  const outcome = attempt(context, call, liesOf(fired));
  const { did, orderId } = outcome;
  for (const one of fired) {
    if (one.fault === 'forgotten' && outcome.isAccepted && orderId !== undefined) {
      venue.faults.hideOrder(orderId, one.parameters.forMs);
    }
    venue.confess(one, did, orderId);
  }
  await venue.settled();
  if (about?.fault === 'reply-late') await sleep(about.parameters.delayMs);
  return deliver(call.response, about, outcome.reply);
}

function deliver(response: ServerResponse, about: Fired | undefined, truth: Reply): void {
  const reply = about ? replyInstead(about, truth) : truth;
  if (reply === null) response.destroy();
  else if (about?.fault.startsWith('malformed') && about.parameters.shape === 'slow') {
    trickle(response, reply, about.parameters.delayMs);
  } else sendText(response, reply);
}

interface Outcome {
  readonly reply: Reply;
  readonly isAccepted: boolean;
  readonly did: string;
  readonly orderId?: number;
}

function attempt(context: RestContext, call: Call, lies: Lies): Outcome {
  try {
    const result = perform(context, call, lies);
    const orderId = (result as { readonly orderId?: unknown }).orderId;
    const reply = { status: 200, body: JSON.stringify(result) };
    if (typeof orderId !== 'number') return { reply, isAccepted: true, did: 'done' };
    return { reply, isAccepted: true, did: `done, order ${orderId}`, orderId };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const body = JSON.stringify({ code: error.code, msg: error.message });
    const reply = { status: error.status, body };
    return { reply, isAccepted: false, did: `refused with ${error.code}` };
  }
}

function spendWeight(
  weights: Weights,
  call: Omit<Call, 'query' | 'body'> & { readonly venue: PaperVenue },
): void {
  const { route, request, response, venue } = call;
  const used = weights.add(request.socket.remoteAddress ?? '', route.weight);
  response.setHeader('x-mbx-used-weight', used);
  response.setHeader('x-mbx-used-weight-1m', used);
  const { weightPerMinute } = venue.state.conditions;
  if (used <= weightPerMinute) return;
  weights.refused += 1;
  response.setHeader('retry-after', weights.secondsLeft());
  throw new Refusal('tooManyRequests', String(weightPerMinute));
}

function perform(context: RestContext, call: Call, lies: Lies): unknown {
  const { route, query, body, request } = call;
  const { venue, listenKeys } = context;
  const parameters = new Parameters(query && body ? `${query}&${body}` : query || body);
  const nowMs = Date.now() + lies.clockOffsetMs;
  if (route.security === 'none') return route.handle({ venue, parameters, lies, nowMs });
  const account = accountOf(venue.state, headerOf(request, 'x-mbx-apikey'));
  if (route.security === 'signed') {
    // Binance signs the query string and the body one after the other, with nothing between them.
    const signed = withoutSignature(query) + withoutSignature(body);
    checkSignature(parameters, { account, secret: context.secret, signed, nowMs });
  }
  return route.handle({ venue, parameters, lies, nowMs, account, listenKeys });
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function refuse(context: RestContext, response: ServerResponse, error: unknown): void {
  const refusal = error instanceof Refusal ? error : new Refusal('unknown');
  if (refusal !== error) context.log.error({ err: error }, 'request failed');
  if (refusal.status === 413) response.setHeader('connection', 'close');
  send(response, refusal.status, { code: refusal.code, msg: refusal.message });
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, { status, body: JSON.stringify(body) });
}

function sendText(response: ServerResponse, { status, body }: Reply): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' });
  response.end(body);
}
