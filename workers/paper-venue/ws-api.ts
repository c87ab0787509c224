import type { Logger } from 'pino';
import { Refusal } from '../../core/venue/errors.ts';
import { Parameters } from './parameters.ts';
import { type Peer, parseObject } from './peer.ts';
import type { Json } from './render.ts';
import { accountOf, checkSignature } from './signature.ts';
import type { PaperVenue } from './venue.ts';

export interface ApiContext {
  readonly venue: PaperVenue;
  readonly secret: string;
  readonly log: Logger;
}

const MOST_SUBSCRIPTIONS = 100;

/** Answers one request of Binance's WebSocket API: time and the user data stream. */
export async function answerApi(context: ApiContext, peer: Peer, text: string): Promise<Json> {
  const request = parseObject(text);
  const id = request?.['id'] ?? null;
  try {
    if (!request) throw new Refusal('illegalCharacters', 'request', 'a JSON object');
    const result = perform(context, peer, request);
    await context.venue.settled();
    return { id, status: 200, result };
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('unknown');
    if (refusal !== error) context.log.error({ err: error }, 'WebSocket request failed');
    return {
      id,
      status: refusal.status,
      error: { code: refusal.code, msg: refusal.message },
    };
  }
}

function perform(context: ApiContext, peer: Peer, request: Record<string, unknown>): Json {
  switch (request['method']) {
    case 'ping':
      return {};
    case 'time':
      return { serverTime: Date.now() };
    case 'userDataStream.subscribe.signature':
      return subscribe(context, peer, request['params']);
    case 'userDataStream.unsubscribe':
      peer.subscriptions.clear();
      return {};
    default:
      throw new Refusal('unsupported');
  }
}

/** Signed over the parameters in alphabetical order, as Binance's WebSocket API wants it. */
function subscribe(context: ApiContext, peer: Peer, params: unknown): Json {
  if (peer.subscriptions.size >= MOST_SUBSCRIPTIONS) throw new Refusal('tooManyParameters');
  const entries = Object.entries((params ?? {}) as Record<string, unknown>)
    .map(([name, value]) => [name, String(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const parameters = new Parameters(
    new URLSearchParams(entries.map(([...pair]) => pair)).toString(),
  );
  const account = accountOf(context.venue.state, parameters.optional('apiKey'));
  const signed = entries
    .filter(([name]) => name !== 'signature')
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  checkSignature(parameters, { account, secret: context.secret, signed, nowMs: Date.now() });
  const subscriptionId = peer.subscriptions.size;
  peer.subscriptions.set(subscriptionId, account);
  return { subscriptionId };
}
