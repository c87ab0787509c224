import { sql } from 'kysely';
import type { Reader } from '../../adapters/store/store.ts';
import type { NewOrder } from '../../adapters/venue/port.ts';

/** What the one question answers. `text` of an account: it need not be a user's id. */
interface Answer {
  readonly epoch: string | null;
  readonly live: boolean | null;
  readonly halt: string | null;
}

/** An answer that took longer is about a past in which a halt may not have been placed yet. */
const SLOWEST_MS = 800;
const MOST_QUESTIONS = 3;

/** Why this order must not be sent, or `null`: the lease is its sender's own and has not run out,
 * and no halt forbids it. One question, asked after the signature and right before the bytes leave:
 * whoever was paused in between finds the epoch moved on, the lease over, or the halt. A database
 * that cannot be read, or not at once, is a no. */
export async function fence(db: Reader, order: Fenced): Promise<string | null> {
  for (let asked = 0; asked < MOST_QUESTIONS; asked += 1) {
    const askedAt = performance.now();
    const why = await ask(db, order);
    if (why !== null || performance.now() - askedAt <= SLOWEST_MS) return why;
  }
  return `the fence must answer within ${SLOWEST_MS} ms, and did not ${MOST_QUESTIONS} times`;
}

type Fenced = Pick<NewOrder, 'lease' | 'account' | 'symbol' | 'side'>;

async function ask(db: Reader, { lease, account, symbol, side }: Fenced): Promise<string | null> {
  const { name, epoch } = lease;
  try {
    // The row lock waits for a takeover that is under way, so that its new epoch is seen and not
    // the old one. Only `pause` forbids a sale: the other levels let positions shrink.
    const { rows } = await sql<Answer>`
      select l.epoch::text as epoch, l.expires_at > clock_timestamp() as live, (
        select h.name || ' (' || h.level || ')' from halts h
        where h.lifted_at is null
          and (h.user_id is null or h.user_id::text = ${account})
          and (h.symbol is null or h.symbol = ${symbol})
          and (h.level = 'pause' or ${side} = 'BUY')
        order by h.placed_at limit 1
      ) as halt
      from leases l where l.name = ${name} for share of l`.execute(db);
    const [found] = rows;
    if (!found) return `there is no lease ${name}`;
    if (found.epoch !== epoch) {
      return `lease ${name} has moved on: epoch must be ${found.epoch}, was ${epoch}`;
    }
    if (found.live !== true) return `lease ${name} has run out`;
    return found.halt === null ? null : `halted by ${found.halt}`;
  } catch (error) {
    return `the lease could not be read: ${error instanceof Error ? error.message : 'unknown'}`;
  }
}
