import type { Kysely } from 'kysely';
import { withinApproval } from '../../core/debate/answer.ts';
import { clientOrderId, legId as deriveLegId, parameterHash } from '../../core/identity.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import { decimal, format } from '../../core/market/money.ts';
import type { OrderInput } from '../../core/orders/leg.ts';
import { checkLeg, MalformedLeg } from '../../core/orders/leg-check.ts';
import { type OrderParameters, sizedParameters } from '../../core/orders/parameters.ts';
import { reserveTransaction } from '../../core/portfolio/ledger.ts';
import { type Approval, approve } from '../../core/risk/approval.ts';
import { type Refusal, type RiskFacts, refusal } from '../../core/risk/facts.ts';
import { type Sized, sizeOrder } from '../../core/risk/sizing.ts';
import { takenBefore } from './answers.ts';
import { countApprovals, storeApproval } from './approvals.ts';
import { appendAudit } from './audit.ts';
import { haltAfter } from './automatic-halts.ts';
import { findInstrument } from './instruments.ts';
import { legLease, takeLease } from './leases.ts';
import { booksPartition, lockPortfolio, post, releaseReserve, reservedForLeg } from './ledger.ts';
import { auditOrder, insertAttempt, newestAttempt, type OrderRow, readOrder } from './orders.ts';
import { type Mandate, readMandate, readRiskFacts } from './risk-facts.ts';
import type { Database } from './schema.ts';
import { type Reader, transaction, type Writer, within } from './store.ts';
import { UnknownError } from './unknown.ts';

/** What a leg asks for, before anybody has said how much. */
export type LegRequest = Omit<OrderInput, 'namespace' | 'approvedBy'>;

/** An order that may be sent, or why there is none. */
export type Preparation =
  | { readonly kind: 'order'; readonly order: OrderRow }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Sizes, checks, approves, reserves and writes down the leg's next attempt, all in one transaction
 * or not at all: intent, approval over the same parameters, reservation, order and audit.
 *
 * Safe to repeat: an attempt that is live or over is returned as it stands, and the next one is
 * made only when the newest has been proven never to have arrived. The next attempt sends the same
 * parameters under a new approval; refused, it gives the reservation back. Throws `MalformedLeg`
 * and writes nothing when a field of the request cannot be meant. */
export async function prepareOrder(
  db: Kysely<Database>,
  request: LegRequest,
  holder: string,
): Promise<Preparation> {
  checkLeg(request);
  return within(db, async (trx) => {
    await checkLegId(trx, request);
    const instrument = await tradedInstrument(trx, request);
    await lockPortfolio(trx, { ...request, quote: instrument.quote });
    const newest = await newestAttempt(trx, request.legId);
    if (newest && newest.state !== 'never_arrived') return { kind: 'order', order: newest };
    const judged = await judge(trx, request, { instrument, newest });
    if ('refused' in judged) return refuse(trx, request, judged);
    const order = await commit(trx, request, { ...judged, instrument, newest, holder });
    return { kind: 'order', order };
  });
}

/** Ends a leg whose newest attempt never arrived and will not be repeated: what it reserved is
 * free. Nothing happens to a leg that whoever pursues it has prepared anew by now. */
export function abandonLeg(
  db: Kysely<Database>,
  { legId, reason }: { readonly legId: string; readonly reason: string },
): Promise<void> {
  return transaction(db, async (trx) => {
    const order = await newestAttempt(trx, legId);
    if (order === null) throw new Error(`an abandoned leg must have an order, was ${legId}`);
    if (order.state !== 'never_arrived') return;
    const instrument = await findInstrument(trx, order.parameters);
    await lockPortfolio(trx, { ...order.parameters, ...order, quote: instrument.quote });
    await giveBack(trx, order, reason);
  });
}

/** Stops a leg for a person: nothing is sent, nothing is given back, and the audit says why. */
export function haltLeg(
  db: Kysely<Database>,
  given: { readonly legId: string; readonly userId: string; readonly reason: string },
): Promise<void> {
  const { legId, userId, reason } = given;
  const act = { act: 'leg-halted', reference: legId, body: { reason } };
  return transaction(db, (trx) => auditOnce(trx, userId, act));
}

type Verdict = { readonly parameters: OrderParameters; readonly approval: Approval } | Refusal;

/** Sizing (first attempt only) and the approval, over the user's books as they are now. */
async function judge(
  trx: Writer,
  request: LegRequest,
  { instrument, newest }: { readonly instrument: Instrument; readonly newest: OrderRow | null },
): Promise<Verdict> {
  const mandate = await readMandate(trx, request);
  if ('refused' in mandate) return mandate;
  if (newest && (await reservedForLeg(trx, request.legId)) === null) return refusal('given_up');
  const { legId, closeTimeMs: marketTimeMs } = request;
  const facts = await readRiskFacts(trx, { ...request, instrument, marketTimeMs }, mandate);
  if ('refused' in facts) return facts;
  const { limits } = mandate;
  const sized = newest?.parameters ?? (await wishOf(trx, request, { mandate, facts }));
  if ('refused' in sized) return sized;
  const parameters = sizedParameters({ ...request, account: request.userId }, sized);
  const serial = (await countApprovals(trx, legId)) + 1;
  const approval = approve({ legId, serial, parameters, facts, limits, marketTimeMs });
  return 'refused' in approval ? approval : { parameters, approval };
}

/** How much of which price a leg's first attempt asks for: what the risk rules size it to, within
 * what a person has approved where one was asked. */
export async function wishOf(
  db: Reader,
  request: LegRequest,
  { mandate, facts }: { readonly mandate: Mandate; readonly facts: RiskFacts },
): Promise<Sized | Refusal> {
  const { limits, approved } = mandate;
  const sized = sizeOrder({ ...request, facts, limits });
  if (approved === null) return sized;
  const taken = await takenBefore(db, request);
  return withinApproval(sized, { approved, side: request.side, taken });
}

/** Refuses a leg before it is prepared; recorded once. */
export function refuseLeg(
  db: Kysely<Database>,
  request: LegRequest,
  no: Refusal,
): Promise<Preparation> {
  checkLeg(request);
  return within(db, (trx) => refuse(trx, request, no));
}

async function commit(
  trx: Writer,
  request: LegRequest,
  made: {
    readonly parameters: OrderParameters;
    readonly approval: Approval;
    readonly instrument: Instrument;
    readonly newest: OrderRow | null;
    readonly holder: string;
  },
): Promise<OrderRow> {
  const { parameters, approval, instrument, newest, holder } = made;
  const { legId } = request;
  const lease = await takeLease(trx, { name: legLease(legId), holder });
  const attempt = (newest?.attempt ?? 0) + 1;
  const id = clientOrderId({ legId, attempt, parameterHash: approval.parameterHash });
  if (!newest) {
    await insertIntent(trx, request, parameters);
    await reserve(trx, request, { parameters, instrument });
  }
  await storeApproval(trx, approval);
  await insertAttempt(trx, { clientOrderId: id, legId, attempt, parameters, lease });
  const order = await readOrder(trx, id);
  const { parameterHash: hash, id: approvalId, limits } = approval;
  const { cause, purpose } = request;
  const why = { cause, purpose, estimatedPrice: order.estimatedPrice };
  const what = { ...parameters, parameterHash: hash, approvalId, limits };
  await auditOrder(trx, order, { ...why, ...what });
  return order;
}

async function insertIntent(
  trx: Writer,
  request: LegRequest,
  parameters: OrderParameters,
): Promise<void> {
  await trx
    .insertInto('intents')
    .values({
      leg_id: request.legId,
      decision_id: request.cause.kind === 'decision' ? request.cause.id : null,
      plan_id: request.cause.kind === 'decision' ? null : request.cause.id,
      purpose: request.purpose,
      user_id: request.userId,
      leg: request.leg,
      venue: parameters.venue,
      symbol: parameters.symbol,
      side: parameters.side,
      type: parameters.type,
      time_in_force: parameters.timeInForce,
      quantity: parameters.quantity,
      limit_price: parameters.limitPrice,
      stop_price: parameters.stopPrice,
      reference_price: request.referencePrice,
      estimated_price: request.estimatedPrice ?? null,
      parameter_hash: parameterHash(parameters),
      market_time: new Date(request.closeTimeMs),
    })
    .execute();
}

/** A purchase reserves what it may cost at its limit price, a sale what it may deliver. Venues take
 * their fee from what is received, so nothing more is needed. */
async function reserve(
  trx: Writer,
  request: LegRequest,
  made: { readonly parameters: OrderParameters; readonly instrument: Instrument },
): Promise<void> {
  const { side, quantity, limitPrice } = made.parameters;
  const cost = decimal(quantity).times(limitPrice ?? request.referencePrice);
  const movement =
    side === 'BUY'
      ? { asset: made.instrument.quote, amount: format(cost) }
      : { asset: made.instrument.base, amount: quantity };
  const transaction_ = reserveTransaction({ reference: request.legId, ...movement });
  await post(trx, request, { transaction: transaction_, marketTimeMs: request.closeTimeMs });
}

async function refuse(trx: Writer, request: LegRequest, refusal: Refusal): Promise<Preparation> {
  const { legId, userId, cause, symbol, side } = request;
  const newest = await newestAttempt(trx, legId);
  if (newest) await giveBack(trx, newest, refusal.text);
  const body = { cause, symbol, side, ...refusal };
  await auditOnce(trx, userId, { act: 'order-refused', reference: legId, body });
  await haltAfter(trx, { userId, refusal });
  return { kind: 'refused', refusal };
}

async function giveBack(trx: Writer, order: OrderRow, reason: string): Promise<void> {
  const { legId, userId, marketTimeMs, parameters } = order;
  if ((await reservedForLeg(trx, legId)) === null) return;
  const owner = { userId, venue: parameters.venue };
  const released = await releaseReserve(trx, { ...owner, legId, marketTimeMs });
  const act = { act: 'leg-abandoned', reference: legId, body: { reason, released } };
  await auditOnce(trx, userId, act);
}

/** An act that a repeated step must not record twice. */
async function auditOnce(
  trx: Writer,
  userId: string,
  act: { readonly act: string; readonly reference: string; readonly body: unknown },
): Promise<void> {
  const partition = booksPartition(userId);
  const known = await trx
    .selectFrom('audit')
    .select('seq')
    .where('partition', '=', partition)
    .where('reference', '=', act.reference)
    .where('act', '=', act.act)
    .executeTakeFirst();
  if (!known) await appendAudit(trx, { partition, ...act });
}

async function tradedInstrument(trx: Writer, request: LegRequest): Promise<Instrument> {
  try {
    return await findInstrument(trx, request);
  } catch (error) {
    if (!(error instanceof UnknownError)) throw error;
    throw new MalformedLeg('symbol', `one that ${request.venue} trades`, request.symbol);
  }
}

async function checkLegId(trx: Writer, request: LegRequest): Promise<void> {
  const { username } = await trx
    .selectFrom('users')
    .select('username')
    .where('id', '=', request.userId)
    .executeTakeFirstOrThrow();
  const { cause, leg } = request;
  const derived = deriveLegId({ causeId: cause.id, username, leg });
  if (derived === request.legId) return;
  throw new MalformedLeg('legId', `${derived} for leg ${leg} of ${cause.id}`, request.legId);
}
