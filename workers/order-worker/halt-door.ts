import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import { type MicroService, startMicroService } from '../../adapters/bus/micro.ts';
import { placeHalt } from '../../adapters/store/halts.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { violatedConstraint } from '../../adapters/store/store.ts';
import { WireError } from '../../proto/errors.ts';
import { type HaltReply, readHaltRequest, writeHaltReply } from '../../proto/halt.ts';
import type { Wire } from '../../proto/subjects.ts';

/** Requests in hand at once; beyond it a caller is told to come again. */
const MOST_IN_HAND = 50;

export interface HaltDoor {
  facts(): { readonly placed: number; readonly refused: number };
  stop(): void;
}

/** Serves requests to place a halt as the NATS micro service `<namespace>-safety`. The answer is
 * the halt that holds, or a refusal that says why; a caller without an answer asks again, which
 * places nothing twice. */
export function startHaltDoor(
  bus: Bus,
  wire: Wire,
  { db, log }: { readonly db: Kysely<Database>; readonly log: Logger },
): HaltDoor {
  let placed = 0;
  let refused = 0;
  let inHand = 0;
  const answer = async (bytes: Uint8Array): Promise<HaltReply> => {
    if (inHand >= MOST_IN_HAND) return { refused: `${MOST_IN_HAND} requests are in hand` };
    inHand += 1;
    try {
      return await placeRequested(db, bytes);
    } finally {
      inHand -= 1;
    }
  };
  const service: MicroService = startMicroService(bus, {
    name: wire.safetyService,
    version: '1.0.0',
    description: 'Places halts',
    endpoints: [
      {
        name: 'halt',
        subject: wire.haltRequest,
        handle: async (request) => {
          const reply = await answer(request.data);
          if ('placed' in reply) {
            placed += 1;
            log.warn({ halt: reply.placed }, 'a halt was asked for');
          } else {
            refused += 1;
            log.warn({ why: reply.refused }, 'a request to halt was refused');
          }
          return writeHaltReply(reply);
        },
      },
    ],
  });
  return { facts: () => ({ placed, refused }), stop: () => service.stop() };
}

/** Places what some bytes ask for. Throws only when the database does not answer. */
async function placeRequested(db: Kysely<Database>, bytes: Uint8Array): Promise<HaltReply> {
  try {
    const { id, name } = await placeHalt(db, { ...readHaltRequest(bytes), automatic: true });
    return { placed: { id, name } };
  } catch (error) {
    if (error instanceof WireError) return { refused: error.message };
    if (violatedConstraint(error) === 'halts_user_id_fkey') {
      return { refused: 'there is no such user' };
    }
    throw error;
  }
}
