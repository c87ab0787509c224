import type { Logger } from 'pino';
import { bury } from '../../adapters/bus/bury.ts';
import type { Bus } from '../../adapters/bus/connect.ts';
import { type MicroService, startMicroService } from '../../adapters/bus/micro.ts';
import { RECV_WINDOW_MS } from '../../adapters/venue/exchange.ts';
import { WireError } from '../../proto/errors.ts';
import { VENUE_VERBS, type Wire } from '../../proto/subjects.ts';
import { VENUE_CODECS } from '../../proto/venue.ts';
import type { Codec } from '../../proto/venue-codec.ts';
import type { Reply, Request, Verb, Verbs } from './verbs.ts';

const DEAD_LETTER_MS = 5_000;
/** Requests in hand at once; beyond it a caller is told to come again. */
const MOST_IN_HAND = 500;

export interface VenueService {
  facts(): { readonly requests: number; readonly malformed: number; readonly inHand: number };
  stop(): void;
}

/** Serves the verbs as the NATS micro service `<namespace>-venue-<venue>`. A request that cannot be
 * read is counted, buried as a dead letter and answered with an error; it never stops the gateway.
 */
export function startVenueService(
  bus: Bus,
  wire: Wire,
  context: { readonly venue: string; readonly verbs: Verbs; readonly log: Logger },
): VenueService {
  const { venue, verbs, log } = context;
  let requests = 0;
  let malformed = 0;
  let inHand = 0;
  const serve = async (verb: Verb, bytes: Uint8Array): Promise<Uint8Array> => {
    if (inHand >= MOST_IN_HAND) throw new Error(`the gateway has ${MOST_IN_HAND} requests in hand`);
    requests += 1;
    inHand += 1;
    try {
      return await answer(verbs, verb, bytes);
    } catch (error) {
      if (error instanceof WireError) {
        malformed += 1;
        log.warn({ verb, code: error.code, field: error.field }, 'a request could not be read');
        const { code, field } = error;
        const subject = wire.venue(venue, verb);
        const corpse = { origin: 'venue', subject, bytes, code, field } as const;
        bury(bus, wire, { corpse, deadlineMs: DEAD_LETTER_MS }).catch((err: unknown) =>
          log.warn({ err }, 'a dead letter was not stored'),
        );
      } else {
        log.error({ verb, err: error }, 'a request failed');
      }
      throw error;
    } finally {
      inHand -= 1;
    }
  };
  const service: MicroService = startMicroService(bus, {
    name: wire.venueService(venue),
    version: '1.0.0',
    description: `The one door to the venue ${venue}`,
    metadata: { venue },
    endpoints: VENUE_VERBS.map((verb) => ({
      name: verb,
      subject: wire.venue(venue, verb),
      handle: (request) => serve(verb, request.data),
    })),
  });
  return { facts: () => ({ requests, malformed, inHand }), stop: () => service.stop() };
}

async function answer<V extends Verb>(
  verbs: Verbs,
  verb: V,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  // One table, one entry per verb: that a verb's codecs fit its handler the compiler cannot follow.
  const codecs = VENUE_CODECS[verb] as unknown as {
    readonly request: Codec<Request<V>>;
    readonly reply: Codec<Reply<V>>;
  };
  const reply = await verbs[verb](codecs.request.decode(bytes));
  try {
    return codecs.reply.encode(reply);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return codecs.reply.encode(unsayable(verb, reply, error));
  }
}

/** For what a venue said and no message can carry: the request was good, the answer is not. A send
 * may have arrived. */
function unsayable(
  verb: Verb,
  reply: object,
  { field }: WireError,
): Reply<'order-new'> | Reply<'order-cancel'> | Reply<'account'> {
  const why = `the venue's answer cannot be passed on: ${field}`;
  if (verb === 'order-cancel') return { state: 'unknown', why };
  if (verb !== 'order-new') return { ok: false, fault: { code: 'venue', text: why } };
  const { signedAtMs = Date.now() } = reply as { readonly signedAtMs?: number };
  return { state: 'unknown', why, signedAtMs, validUntilMs: signedAtMs + RECV_WINDOW_MS };
}
