import type { Msg } from '@nats-io/transport-node';
import { isSentByServer } from './origin.ts';

/** One mail handed over by a consumer, to be settled exactly once. */
export interface Delivery {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** It was put there by the server for somebody who may not write there. */
  readonly sentByServer: boolean;
  /** Its place in the stream: the same for every redelivery. */
  readonly seq: number;
  /** 1 the first time. */
  readonly deliveries: number;
  /** Done: never deliver it again. */
  ack(): void;
  /** Not done: deliver it again after `delayMs`. */
  nak(delayMs: number): void;
  /** Never deliver it again, done or not; `reason` goes into the server's advisory. */
  term(reason: string): void;
  /** Still at it: start the acknowledgement clock anew. */
  working(): void;
}

interface Place {
  readonly seq: number;
  readonly deliveries: number;
}

/** Reads a JetStream message; `null` for anything else. A settlement sent while the server is
 * away is lost, and the mail simply comes again. */
export function deliveryFrom(message: Msg): Delivery | null {
  const place = placeOf(message.reply ?? '');
  if (!place) return null;
  const send = (text: string): void => {
    try {
      message.respond(text);
    } catch {
      // The connection is closing: as good as lost on the way, and survived the same way.
    }
  };
  return {
    subject: message.subject,
    bytes: message.data,
    sentByServer: isSentByServer(message),
    ...place,
    ack: () => send('+ACK'),
    nak: (delayMs) => send(`-NAK ${JSON.stringify({ delay: Math.round(delayMs * 1e6) })}`),
    term: (reason) => send(`+TERM ${reason}`),
    working: () => send('+WPI'),
  };
}

/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<seq>.…`, or the longer form with domain and
 * account. */
function placeOf(reply: string): Place | null {
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK') return null;
  const from = tokens.length === 9 ? 4 : 6;
  const [deliveries, seq] = tokens.slice(from, from + 2).map(Number);
  if (!Number.isInteger(deliveries) || !Number.isInteger(seq)) return null;
  return { seq: seq as number, deliveries: deliveries as number };
}
