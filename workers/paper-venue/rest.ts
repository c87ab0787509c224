import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { readBody } from './body.ts';
import { Refusal } from './errors.ts';
import type { ListenKeys } from './listen-keys.ts';
import { Parameters } from './parameters.ts';
import { ROUTES, type Route } from './routes.ts';
import { accountOf, checkSignature, withoutSignature } from './signature.ts';
import type { PaperVenue } from './venue.ts';
import { Weights } from './weights.ts';

const BODY_LIMIT = 16 * 1024;

export interface RestContext {
  readonly venue: PaperVenue;
  readonly listenKeys: ListenKeys;
  readonly secret: string;
  readonly log: Logger;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Binance's REST door: route, weight, key, signature, then the handler; every refusal is
 * `{"code": …, "msg": …}` and every success waits until the log has it. */
export function restHandler(context: RestContext): HttpHandler {
  const weights = new Weights();
  return async (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const route = ROUTES.get(`${request.method} ${path}`);
    try {
      if (!route) throw new Refusal('unsupported');
      spendWeight(weights, { route, request, response, venue: context.venue });
      const body = await readBody(request, BODY_LIMIT);
      if (body === null) throw new Refusal('tooManyParameters');
      const result = answer(context, { route, query, body, request });
      await context.venue.settled();
      send(response, 200, result);
    } catch (error) {
      refuse(context, response, error);
    }
  };
}

function spendWeight(
  weights: Weights,
  call: {
    readonly route: Route;
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly venue: PaperVenue;
  },
): void {
  const { route, request, response, venue } = call;
  const used = weights.add(request.socket.remoteAddress ?? '', route.weight);
  response.setHeader('x-mbx-used-weight', used);
  response.setHeader('x-mbx-used-weight-1m', used);
  const { weightPerMinute } = venue.state.conditions;
  if (used <= weightPerMinute) return;
  response.setHeader('retry-after', weights.secondsLeft());
  throw new Refusal('tooManyRequests', String(weightPerMinute));
}

function answer(
  context: RestContext,
  call: {
    readonly route: Route;
    readonly query: string;
    readonly body: string;
    readonly request: IncomingMessage;
  },
): unknown {
  const { route, query, body, request } = call;
  const { venue, listenKeys } = context;
  const parameters = new Parameters(query && body ? `${query}&${body}` : query || body);
  if (route.security === 'none') return route.handle({ venue, parameters });
  const account = accountOf(venue.state, headerOf(request, 'x-mbx-apikey'));
  if (route.security === 'signed') {
    // Binance signs the query string and the body one after the other, with nothing between them.
    const signed = withoutSignature(query) + withoutSignature(body);
    checkSignature(parameters, { account, secret: context.secret, signed });
  }
  return route.handle({ venue, parameters, account, listenKeys });
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
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' });
  response.end(JSON.stringify(body));
}
