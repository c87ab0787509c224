import type { Kysely } from 'kysely';
import { legId } from '../../core/identity.ts';
import type { WishedSize } from '../../core/orders/slices.ts';
import type { Refusal } from '../../core/risk/facts.ts';
import { findInstrument } from './instruments.ts';
import { type LegRequest, wishOf } from './intents.ts';
import { lookAtRiskFacts, readMandate } from './risk-facts.ts';
import type { Database } from './schema.ts';

/** The size a leg would be given, without taking the books or writing anything: a moment later it
 * may be another. A refusal when it would be refused. */
export async function wishedSize(
  db: Kysely<Database>,
  leg: LegRequest,
): Promise<WishedSize | Refusal> {
  const instrument = await findInstrument(db, leg);
  const mandate = await readMandate(db, leg);
  if ('refused' in mandate) return mandate;
  const about = { ...leg, instrument, marketTimeMs: leg.closeTimeMs };
  const facts = await lookAtRiskFacts(db, about, mandate);
  if ('refused' in facts) return facts;
  const sized = await wishOf(db, leg, { mandate, facts });
  if ('refused' in sized) return sized;
  const { maxExpectedSlippageBps } = mandate.limits;
  return { quantity: sized.quantity, lotSize: instrument.lotSize, maxExpectedSlippageBps };
}

/** The leg that carries a wish's slice: the first is the wish's own. */
export async function legOfSlice(
  db: Kysely<Database>,
  first: LegRequest,
  slice: number,
): Promise<LegRequest> {
  if (slice === 0) return first;
  const { username } = await db
    .selectFrom('users')
    .select('username')
    .where('id', '=', first.userId)
    .executeTakeFirstOrThrow();
  const leg = first.leg + slice;
  return { ...first, leg, legId: legId({ causeId: first.cause.id, username, leg }) };
}
