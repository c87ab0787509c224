import { RequestError } from '@nats-io/transport-node';
import { WireError } from '../../proto/errors.ts';
import type { Wire } from '../../proto/subjects.ts';
import { VENUE_CODECS, type VenueCodecs } from '../../proto/venue.ts';
import type { Answer, Codec } from '../../proto/venue-codec.ts';
import type { Bus } from '../bus/connect.ts';
import { type NewOrder, type SendOutcome, VenueError, type VenuePort } from './port.ts';

export interface VenueClientOptions {
  /** How long a question may take. Default 10,000. */
  readonly questionTimeoutMs?: number;
  /** How long a send may take before it is `unknown`. Default 12,000. */
  readonly sendTimeoutMs?: number;
}

type Verb = keyof VenueCodecs;
type Request<V extends Verb> = Parameters<VenueCodecs[V]['request']['encode']>[0];
type Reply<V extends Verb> = ReturnType<VenueCodecs[V]['reply']['decode']>;
type Value<V extends Verb> = Extract<Reply<V>, { readonly ok: true }>['value'];

const QUESTION_MS = 10_000;
const SEND_MS = 12_000;
/** The first look at a foreign exchange loads its whole symbol list. */
const FOREIGN_MS = 40_000;
/** A gateway that has not signed by then must not any more. */
const SIGN_WITHIN_MS = 5_000;
/** The longest a signed request stays valid at a venue. */
const REQUEST_VALIDITY_MS = 5_000;

/** The venue port over NATS: what everybody but the gateway uses to reach a venue. */
export function venueClient(
  bus: Bus,
  wire: Wire,
  { venue, ...options }: VenueClientOptions & { readonly venue: string },
): VenuePort {
  const questionMs = options.questionTimeoutMs ?? QUESTION_MS;
  const sendMs = options.sendTimeoutMs ?? SEND_MS;
  const line = new Line(bus, wire, venue);
  return {
    newOrder: (order) => line.send(order, sendMs),
    queryOrder: (key) => line.ask('order-query', key, questionMs),
    cancelOrder: async (key) => {
      try {
        return await line.call('order-cancel', key, sendMs);
      } catch (error) {
        return { state: 'unknown', why: textOf(error) };
      }
    },
    openOrders: (account, symbol) =>
      line.ask('orders-open', symbol === undefined ? { account } : { account, symbol }, questionMs),
    trades: (query) => line.ask('trades', query, questionMs),
    account: (account) => line.ask('account', { account }, questionMs),
    depth: (symbol, levels) =>
      line.ask('depth', levels === undefined ? { symbol } : { symbol, levels }, questionMs),
    klines: async (query) => {
      const waitMs = query.exchange === undefined ? questionMs : FOREIGN_MS;
      return (await line.ask('klines', query, waitMs)).candles;
    },
    instruments: (exchange) =>
      exchange === undefined
        ? line.ask('instruments', {}, questionMs)
        : line.ask('instruments', { exchange }, FOREIGN_MS),
    time: () => line.ask('time', {}, questionMs),
    watch: (request) => line.ask('watch', request, FOREIGN_MS),
  };
}

class Line {
  readonly #bus: Bus;
  readonly #wire: Wire;
  readonly #venue: string;

  constructor(bus: Bus, wire: Wire, venue: string) {
    this.#bus = bus;
    this.#wire = wire;
    this.#venue = venue;
  }

  /** One request, one reply. Throws `VenueError` when there is none that can be read. */
  async call<V extends Verb>(verb: V, request: Request<V>, timeoutMs: number): Promise<Reply<V>> {
    const { encode } = VENUE_CODECS[verb].request as Codec<Request<V>>;
    // One table, one entry per verb: that its reply is this verb's the compiler cannot follow.
    const { decode } = VENUE_CODECS[verb].reply as unknown as Codec<Reply<V>>;
    const subject = this.#wire.venue(this.#venue, verb);
    const bytes = encoded(() => encode(request));
    const { connection, link } = this.#bus;
    const reply = await link
      .guard(connection.request(subject, bytes, { timeout: timeoutMs }))
      .catch((error: unknown) => {
        throw this.#noReply(error);
      });
    const fault = reply.headers?.get('Nats-Service-Error');
    if (fault) throw new VenueError('invalid', `the gateway could not serve ${verb}: ${fault}`);
    return decode(reply.data);
  }

  async ask<V extends Verb>(verb: V, request: Request<V>, timeoutMs: number): Promise<Value<V>> {
    const answer = (await this.call(verb, request, timeoutMs)) as Answer<Value<V>>;
    if (answer.ok) return answer.value;
    throw new VenueError(answer.fault.code, answer.fault.text);
  }

  async send(order: NewOrder, timeoutMs: number): Promise<SendOutcome> {
    const signedAtMs = Date.now();
    const deadlineMs = signedAtMs + SIGN_WITHIN_MS;
    try {
      return await this.call('order-new', { ...order, deadlineMs }, timeoutMs);
    } catch (error) {
      const why = textOf(error);
      if (neverSent(error)) return { state: 'refused', why };
      return { state: 'unknown', why, signedAtMs, validUntilMs: deadlineMs + REQUEST_VALIDITY_MS };
    }
  }

  #noReply(error: unknown): Error {
    const name = error instanceof Error ? error.name : '';
    if (name === 'TimeoutError') {
      return new VenueError('timeout', `the gateway of ${this.#venue} did not answer in time`);
    }
    const unserved = isUnserved(error);
    const text = unserved
      ? `no gateway serves the venue ${this.#venue}`
      : `the gateway of ${this.#venue} is out of reach: ${textOf(error)}`;
    return unserved ? new Unserved('unreachable', text) : new VenueError('unreachable', text);
  }
}

/** The server found nobody listening: the request reached no process. */
class Unserved extends VenueError {}

function isUnserved(error: unknown): boolean {
  return error instanceof RequestError && error.isNoResponders();
}

/** True only for what certainly reached no gateway. */
function neverSent(error: unknown): boolean {
  return error instanceof Unserved || error instanceof Unencodable;
}

class Unencodable extends VenueError {}

function encoded(encode: () => Uint8Array): Uint8Array {
  try {
    return encode();
  } catch (error) {
    if (error instanceof WireError) throw new Unencodable('invalid', error.message);
    throw error;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
