import { type Kysely, type Selectable, sql } from 'kysely';
import { answerId, escalationId } from '../../core/identity.ts';
import { appendAudit } from './audit.ts';
import { fromJson, type JsonValue, toJson } from './json.ts';
import type { Database, EscalationAnswers, Escalations } from './schema.ts';
import { type Reader, transaction, type Writer } from './store.ts';
import { UnknownError } from './unknown.ts';

export const CLOSED_STATUSES = ['approved', 'rejected', 'modified', 'expired'] as const;
export type ClosedStatus = (typeof CLOSED_STATUSES)[number];
export type EscalationStatus = 'open' | ClosedStatus;

export interface NewEscalation {
  readonly decisionId: string;
  readonly userId: string;
  readonly symbol: string;
  readonly workflowId: string;
  /** What the person is asked, JSON; money as decimal strings. */
  readonly question: unknown;
  /** Market times, Unix ms. */
  readonly askedAtMs: number;
  readonly deadlineMs: number;
  /** What the first asking's answer must carry. */
  readonly nonce: string;
  readonly parameterHash: string;
}

export interface Escalation {
  /** Derived from the decision's id. */
  readonly escalationId: string;
  readonly decisionId: string;
  readonly userId: string;
  readonly username: string;
  readonly symbol: string;
  readonly workflowId: string;
  readonly status: EscalationStatus;
  readonly question: JsonValue;
  readonly askedAtMs: number;
  readonly deadlineMs: number;
  /** How often it was asked: more than once when an answer came too late for its price. */
  readonly asks: number;
  /** Of the newest asking; null in rows from before answers were signed. */
  readonly nonce: string | null;
  readonly parameterHash: string | null;
  /** Wall clock. */
  readonly recordedAt: Date;
  readonly closedAt: Date | null;
}

/** `opened` now; `known`: this very question was opened before; `already_open`: another question
 * about this symbol waits for this user, and is returned; this one was not opened. */
export interface EscalationOpened {
  readonly outcome: 'opened' | 'known' | 'already_open';
  readonly escalation: Escalation;
}

/** Every act below is audited here, in its own transaction. */
const PARTITION = 'escalations';

const OPEN_ATTEMPTS = 5;

/** Opens the question about one decision; a person has one open question a symbol at most. */
export async function openEscalation(
  db: Kysely<Database>,
  escalation: NewEscalation,
): Promise<EscalationOpened> {
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt += 1) {
    const opened = await transaction(db, (trx) => tryOpen(trx, escalation));
    if (opened) return opened;
  }
  const { decisionId } = escalation;
  throw new Error(
    `escalation of ${decisionId} must find its way, was blocked ${OPEN_ATTEMPTS} times`,
  );
}

/** Null: another question was in the way and was closed before it could be read. */
async function tryOpen(trx: Writer, escalation: NewEscalation): Promise<EscalationOpened | null> {
  const { decisionId, userId, symbol, workflowId, question, askedAtMs, deadlineMs } = escalation;
  const { nonce, parameterHash } = escalation;
  const id = escalationId({ decisionId });
  const inserted = await trx
    .insertInto('escalations')
    .values({
      id,
      decision_id: decisionId,
      user_id: userId,
      symbol,
      workflow_id: workflowId,
      status: 'open',
      question: toJson(question),
      asked_close_time: new Date(askedAtMs),
      deadline: new Date(deadlineMs),
      nonce,
      parameter_hash: parameterHash,
      expires_at: new Date(deadlineMs),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted) {
    const body = { decisionId, symbol, askedAtMs, deadlineMs, nonce, parameterHash };
    await audit(trx, { act: 'asked', id, body });
    return { outcome: 'opened', escalation: await findEscalation(trx, id) };
  }
  const own = await escalationsQuery(trx).where('escalations.id', '=', id).executeTakeFirst();
  if (own) return { outcome: 'known', escalation: escalationOf(own) };
  const other = await escalationsQuery(trx)
    .where('escalations.user_id', '=', userId)
    .where('symbol', '=', symbol)
    .where('status', '=', 'open')
    .executeTakeFirst();
  return other ? { outcome: 'already_open', escalation: escalationOf(other) } : null;
}

export interface NewAnswer {
  readonly escalationId: string;
  /** Which asking it answers, from 1. */
  readonly ask: number;
  readonly verb: 'approve' | 'reject' | 'modify';
  /** What it carries, JSON; money as decimal strings. */
  readonly parameters: unknown;
  readonly outcome: 'accepted' | 'late' | 'asked_again' | 'refused';
  /** Why it is not acted on. */
  readonly code?: string | null;
  readonly reason: string;
  /** What it was signed with and for, as far as it said so. */
  readonly signed?: AnswerSignature;
}

export interface AnswerSignature {
  readonly nonce?: string | undefined;
  readonly parameterHash?: string | undefined;
  readonly expiresAtMs?: number | undefined;
  readonly keyId?: string | undefined;
  readonly signature?: string | undefined;
}

export interface EscalationAnswer extends Omit<NewAnswer, 'code' | 'signed'> {
  readonly id: string;
  readonly parameters: JsonValue;
  /** Wall clock. */
  readonly recordedAt: Date;
}

/** Records a person's answer and what became of it. The same answer to the same asking is one
 * answer: `recorded` is false for the second, and the first one's outcome stands. */
export function recordAnswer(
  db: Kysely<Database>,
  answer: NewAnswer,
): Promise<{ readonly id: string; readonly recorded: boolean }> {
  const id = answerId(answer);
  const { escalationId: escalation, ask, verb, parameters, outcome, reason } = answer;
  const { nonce, parameterHash, expiresAtMs, keyId, signature } = answer.signed ?? {};
  const code = answer.code ?? null;
  return transaction(db, async (trx) => {
    const inserted = await trx
      .insertInto('escalation_answers')
      .values({
        id,
        escalation_id: escalation,
        ask,
        verb,
        parameters: toJson(parameters),
        outcome,
        reason,
        nonce: nonce ?? null,
        parameter_hash: parameterHash ?? null,
        expires_at: expiresAtMs === undefined ? null : new Date(expiresAtMs),
        // A forgery may name a key that nobody has.
        key_id: keyId === undefined ? null : knownKey(keyId),
        signature: signature ?? null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!inserted) return { id, recorded: false };
    await audit(trx, { act: 'answered', id: escalation, body: { id, ask, verb, outcome, code } });
    return { id, recorded: true };
  });
}

function knownKey(keyId: string) {
  return sql<string | null>`(select id from user_keys where id = ${keyId})`;
}

/** Puts into the audit what was handed in as an answer and is none: there is no row for it. */
export function auditNoAnswer(
  db: Kysely<Database>,
  given: { readonly id: string; readonly code: string; readonly reason: string },
): Promise<void> {
  const { id, code, reason } = given;
  return transaction(db, (trx) => audit(trx, { act: 'no-answer', id, body: { code, reason } }));
}

/** What became of this very answer when it was recorded; null when it was not. */
export async function findAnswer(db: Reader, answer: NewAnswer): Promise<EscalationAnswer | null> {
  const row = await db
    .selectFrom('escalation_answers')
    .selectAll()
    .where('id', '=', answerId(answer))
    .executeTakeFirst();
  return row === undefined ? null : answerOf(row);
}

/** Whether an answer that carries this nonce stands. */
export async function isNonceUsed(db: Reader, nonce: string): Promise<boolean> {
  const row = await db
    .selectFrom('escalation_answers')
    .select('id')
    .where('nonce', '=', nonce)
    .where('outcome', '=', 'accepted')
    .executeTakeFirst();
  return row !== undefined;
}

/** Asks again with a new question (a new price), while it is open. `asks` is the number of this
 * asking, so that a repeated call changes nothing. */
export function askAgain(
  db: Kysely<Database>,
  {
    id,
    question,
    asks,
    nonce,
    parameterHash,
  }: {
    readonly id: string;
    readonly question: unknown;
    readonly asks: number;
    readonly nonce: string;
    readonly parameterHash: string;
  },
): Promise<Escalation> {
  return transaction(db, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('escalations')
      .set({ question: toJson(question), asks, nonce, parameter_hash: parameterHash })
      .where('id', '=', id)
      .where('status', '=', 'open')
      .where('asks', '<', asks)
      .executeTakeFirst();
    const body = { asks, nonce, parameterHash };
    if (numUpdatedRows > 0n) await audit(trx, { act: 'asked-again', id, body });
    return findEscalation(trx, id);
  });
}

/** Closes a question. The first close stands: `closed` is false when it was closed before, and the
 * escalation says how. */
export function closeEscalation(
  db: Kysely<Database>,
  {
    id,
    status,
    reason,
  }: { readonly id: string; readonly status: ClosedStatus; readonly reason: string },
): Promise<{ readonly closed: boolean; readonly escalation: Escalation }> {
  return transaction(db, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('escalations')
      .set({ status, closed_at: sql`now()` })
      .where('id', '=', id)
      .where('status', '=', 'open')
      .executeTakeFirst();
    const closed = numUpdatedRows > 0n;
    if (closed) await audit(trx, { act: 'closed', id, body: { status, reason } });
    return { closed, escalation: await findEscalation(trx, id) };
  });
}

/** One escalation. Throws UnknownError that names the open ones. */
export async function findEscalation(db: Kysely<Database>, id: string): Promise<Escalation> {
  const row = await escalationsQuery(db).where('escalations.id', '=', id).executeTakeFirst();
  if (row) return escalationOf(row);
  const open = await readEscalations(db, { status: 'open', newest: 5 });
  throw new UnknownError(
    'escalation',
    id,
    open.map((one) => one.escalationId),
  );
}

export interface EscalationFilter {
  readonly status?: EscalationStatus;
  readonly username?: string;
  readonly decisionIds?: readonly string[];
  /** Only the newest so many of these. */
  readonly newest?: number;
}

/** Escalations in the order they were asked (market time). */
export async function readEscalations(
  db: Kysely<Database>,
  { status, username, decisionIds, newest }: EscalationFilter = {},
): Promise<readonly Escalation[]> {
  const direction = newest === undefined ? 'asc' : 'desc';
  const rows = await escalationsQuery(db)
    .$if(status !== undefined, (query) => query.where('status', '=', status ?? ''))
    .$if(username !== undefined, (query) => query.where('username', '=', username ?? ''))
    .$if(decisionIds !== undefined, (query) =>
      query.where('decision_id', '=', sql<string>`any(${[...(decisionIds ?? [])]}::text[])`),
    )
    .orderBy('asked_close_time', direction)
    .orderBy('escalations.id', direction)
    .$if(newest !== undefined, (query) => query.limit(newest ?? 0))
    .execute();
  const escalations = rows.map(escalationOf);
  return newest === undefined ? escalations : escalations.reverse();
}

/** The answers to one question, in the order they came. */
export async function readAnswers(
  db: Kysely<Database>,
  id: string,
): Promise<readonly EscalationAnswer[]> {
  const rows = await db
    .selectFrom('escalation_answers')
    .selectAll()
    .where('escalation_id', '=', id)
    .orderBy('recorded_at')
    .orderBy('id')
    .execute();
  return rows.map(answerOf);
}

function answerOf(row: Selectable<EscalationAnswers>): EscalationAnswer {
  return {
    id: row.id,
    escalationId: row.escalation_id,
    ask: row.ask,
    verb: row.verb as NewAnswer['verb'],
    parameters: row.parameters,
    outcome: row.outcome as NewAnswer['outcome'],
    reason: row.reason,
    recordedAt: row.recorded_at,
  };
}

async function audit(
  trx: Writer,
  { act, id, body }: { readonly act: string; readonly id: string; readonly body: unknown },
): Promise<void> {
  await appendAudit(trx, { partition: PARTITION, act, reference: id, body });
}

function escalationsQuery(db: Kysely<Database>) {
  return db
    .selectFrom('escalations')
    .innerJoin('users', 'users.id', 'escalations.user_id')
    .selectAll('escalations')
    .select('username');
}

function escalationOf(row: Selectable<Escalations> & { readonly username: string }): Escalation {
  return {
    escalationId: row.id,
    decisionId: row.decision_id,
    userId: row.user_id,
    username: row.username,
    symbol: row.symbol,
    workflowId: row.workflow_id,
    status: row.status as EscalationStatus,
    question: fromJson(row.question),
    askedAtMs: row.asked_close_time.getTime(),
    deadlineMs: row.deadline.getTime(),
    asks: row.asks,
    nonce: row.nonce,
    parameterHash: row.parameter_hash,
    recordedAt: row.recorded_at,
    closedAt: row.closed_at,
  };
}
