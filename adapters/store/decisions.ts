import { type Kysely, type Selectable, sql } from 'kysely';
import type { Action } from '../../core/assistants/speech.ts';
import type { ControlArms } from '../../core/debate/arms.ts';
import type { Argument, Vote } from '../../core/debate/judge.ts';
import type { Silence } from '../../core/debate/silence.ts';
import type { VerdictKind } from '../../core/debate/tally.ts';
import { hashOf } from '../../core/hash.ts';
import { decisionId } from '../../core/identity.ts';
import { appendAudits, auditHead, type ChainHead, type ChainReport, verifyChain } from './audit.ts';
import { fromJson, toJson } from './json.ts';
import type { Database, Decisions } from './schema.ts';
import { transaction, type Writer } from './store.ts';
import { UnknownError } from './unknown.ts';

/** What the ring decided for one user about one event: facts of the market and of the debate alone,
 * so that the same tape gives the same record in any run. */
export interface NewDecision {
  readonly eventId: string;
  readonly username: string;
  readonly symbol: string;
  readonly closeTimeMs: number;
  readonly snapshotHash: string;
  readonly action: Action;
  readonly verdict: VerdictKind;
  readonly confidenceBp: number;
  readonly votes: readonly Vote[];
  readonly reasoning: readonly Argument[];
  readonly arms: ControlArms;
  readonly weightsVersion: number;
  readonly configVersion: number;
  readonly rulesVersion: number;
  /** Who was asked and not heard in time; what they said later does not count. */
  readonly silent: readonly Silence[];
}

export interface Decision extends NewDecision {
  /** `decisionId` of event and user. */
  readonly id: string;
  readonly debateId: string;
  readonly userId: string;
  /** Place in the chain, from 1. */
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
  /** Wall clock. */
  readonly recordedAt: Date;
}

export interface DecidedDebate {
  readonly debateId: string;
  readonly rounds: number;
  readonly contested: boolean;
  /** In the order they take in the chain. */
  readonly decisions: readonly NewDecision[];
}

/** What became of one decision given to the store. `different`: another one is recorded for this
 * event and user; it stands, and whoever computed this one must ask why. */
export interface DecisionRecorded {
  readonly outcome: 'recorded' | 'known' | 'different';
  readonly decision: Decision;
}

/** The audit partition whose chain is the decision chain. */
const PARTITION = 'decisions';

/** Records a debate's decisions and closes the debate, in one transaction, in the order given. Each
 * is a link of the one decision chain and its own audit record. Repeating a call records nothing
 * and returns what is stored. Throws UnknownError on a user or a debate that is not there. */
export function recordDecisions(
  db: Kysely<Database>,
  debate: DecidedDebate,
): Promise<readonly DecisionRecorded[]> {
  return transaction(db, async (trx) => {
    await closeDebate(trx, debate);
    const userIds = await userIdsOf(trx, debate.decisions);
    const before = await storedFor(trx, debate.decisions);
    const fresh = debate.decisions.filter((one) => !before.has(decisionId(one)));
    await insertDecisions(trx, { ...debate, decisions: fresh }, userIds);
    const stored = await storedFor(trx, debate.decisions);
    return debate.decisions.map((offered) => {
      const id = decisionId(offered);
      const decision = stored.get(id) as Decision;
      if (!before.has(id)) return { outcome: 'recorded', decision };
      const same =
        recordHash({ ...offered, id, debateId: debate.debateId }) === recordHash(decision);
      return { outcome: same ? 'known' : 'different', decision };
    });
  });
}

/** The hash of what a decision says; its link in the chain commits to it. */
export function recordHash(decision: NewDecision & Pick<Decision, 'id' | 'debateId'>): string {
  return hashOf({
    id: decision.id,
    debateId: decision.debateId,
    eventId: decision.eventId,
    username: decision.username,
    symbol: decision.symbol,
    closeTimeMs: decision.closeTimeMs,
    snapshotHash: decision.snapshotHash,
    action: decision.action,
    verdict: decision.verdict,
    confidenceBp: decision.confidenceBp,
    votes: decision.votes,
    reasoning: decision.reasoning,
    arms: decision.arms,
    weightsVersion: decision.weightsVersion,
    configVersion: decision.configVersion,
    rulesVersion: decision.rulesVersion,
    silent: decision.silent,
  });
}

/** The newest link of the decision chain: equal in two databases that decided the same in the same
 * order. */
export function chainHead(db: Kysely<Database>): Promise<ChainHead> {
  return auditHead(db, PARTITION);
}

/** Recomputes the decision chain and compares every decision with the link that commits to it.
 * `changed` at a seq whose link is intact: the decision's row was changed or taken away. */
export async function verifyDecisionChain(db: Kysely<Database>): Promise<ChainReport> {
  const report = await verifyChain(db, PARTITION);
  if (!report.intact) return report;
  for (let from = 1; from <= report.length; from += PAGE) {
    const links = await db
      .selectFrom('audit')
      .select(['seq', 'body', 'hash'])
      .where('partition', '=', PARTITION)
      .where('seq', '>=', String(from))
      .where('seq', '<', String(from + PAGE))
      .orderBy('seq')
      .execute();
    const rows = await decisionsQuery(db)
      .where('decisions.seq', '>=', String(from))
      .where('decisions.seq', '<', String(from + PAGE))
      .execute();
    const decisions = new Map(rows.map((row) => [String(row.seq), decisionOf(row)]));
    for (const { seq, body, hash } of links) {
      const decision = decisions.get(seq);
      const expected = fromJson<{ record: string }>(body).record;
      const found = decision === undefined ? 'no decision' : recordHash(decision);
      if (expected === found && decision?.hash === hash) continue;
      return { intact: false, seq: Number(seq), fault: 'changed', expected, found };
    }
  }
  return report;
}

const PAGE = 500;

export interface DecisionFilter {
  readonly ids?: readonly string[];
  readonly eventIds?: readonly string[];
  readonly debateId?: string;
  readonly symbol?: string;
  readonly username?: string;
  /** Only the newest so many of these. */
  readonly newest?: number;
  /** Only links of the chain from this one on, at most 500: a page. */
  readonly fromSeq?: number;
}

/** Decisions in the order of the chain. */
export async function readDecisions(
  db: Kysely<Database>,
  filter: DecisionFilter = {},
): Promise<readonly Decision[]> {
  const { ids, eventIds, debateId, symbol, username, newest, fromSeq } = filter;
  const rows = await decisionsQuery(db)
    .$if(ids !== undefined, (query) => query.where('decisions.id', '=', anyOf(ids ?? [])))
    .$if(eventIds !== undefined, (query) => query.where('event_id', '=', anyOf(eventIds ?? [])))
    .$if(debateId !== undefined, (query) => query.where('debate_id', '=', debateId ?? ''))
    .$if(symbol !== undefined, (query) => query.where('symbol', '=', symbol ?? ''))
    .$if(username !== undefined, (query) => query.where('username', '=', username ?? ''))
    .$if(fromSeq !== undefined, (query) =>
      query.where('seq', '>=', String(fromSeq ?? 0)).limit(PAGE),
    )
    .orderBy('seq', newest === undefined ? 'asc' : 'desc')
    .$if(newest !== undefined, (query) => query.limit(newest ?? 0))
    .execute();
  const decisions = rows.map(decisionOf);
  return newest === undefined ? decisions : decisions.reverse();
}

/** Whoever comes later waits at the debate's row, and then finds what was recorded. */
async function closeDebate(trx: Writer, { debateId, rounds, contested }: DecidedDebate) {
  const debate = await trx
    .selectFrom('debates')
    .select('status')
    .where('id', '=', debateId)
    .forUpdate()
    .executeTakeFirst();
  if (!debate) {
    const newest = trx.selectFrom('debates').select('id').orderBy('close_time', 'desc').limit(5);
    throw new UnknownError(
      'debate',
      debateId,
      (await newest.execute()).map((row) => row.id),
    );
  }
  if (debate.status === 'decided') return;
  await trx
    .updateTable('debates')
    .set({ status: 'decided', rounds, contested, decided_at: sql`now()` })
    .where('id', '=', debateId)
    .execute();
}

async function userIdsOf(
  trx: Writer,
  decisions: readonly NewDecision[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await trx.selectFrom('users').select(['id', 'username']).execute();
  const ids = new Map(rows.map((row) => [row.username, row.id]));
  for (const { username } of decisions) {
    if (!ids.has(username)) throw new UnknownError('user', username, [...ids.keys()].sort());
  }
  return ids;
}

async function storedFor(
  trx: Writer,
  decisions: readonly NewDecision[],
): Promise<ReadonlyMap<string, Decision>> {
  const stored = await readDecisions(trx, { ids: decisions.map((one) => decisionId(one)) });
  return new Map(stored.map((decision) => [decision.id, decision]));
}

async function insertDecisions(
  trx: Writer,
  { debateId, decisions }: DecidedDebate,
  userIds: ReadonlyMap<string, string>,
): Promise<void> {
  if (decisions.length === 0) return;
  const identified = decisions.map((one) => ({ ...one, debateId, id: decisionId(one) }));
  const acts = identified.map((one) => ({
    act: 'decision',
    reference: one.id,
    body: {
      record: recordHash(one),
      username: one.username,
      symbol: one.symbol,
      closeTimeMs: one.closeTimeMs,
      action: one.action,
      verdict: one.verdict,
    },
  }));
  const links = await appendAudits(trx, PARTITION, acts);
  await trx
    .insertInto('decisions')
    .values(
      identified.map((one, index) => {
        const link = links[index] as (typeof links)[number];
        return {
          seq: link.seq,
          id: one.id,
          debate_id: debateId,
          event_id: one.eventId,
          user_id: userIds.get(one.username) as string,
          symbol: one.symbol,
          close_time: new Date(one.closeTimeMs),
          action: one.action,
          verdict: one.verdict,
          confidence_bp: one.confidenceBp,
          consensus_reached: one.verdict === 'consensus',
          reasoning: toJson(one.reasoning),
          votes: toJson(one.votes),
          arms: toJson(one.arms),
          weights_version: one.weightsVersion,
          config_version: one.configVersion,
          rules_version: one.rulesVersion,
          silent: toJson(one.silent),
          snapshot_hash: one.snapshotHash,
          prev_hash: link.prevHash,
          hash: link.hash,
        };
      }),
    )
    .execute();
}

function decisionsQuery(db: Kysely<Database>) {
  return db
    .selectFrom('decisions')
    .innerJoin('users', 'users.id', 'decisions.user_id')
    .selectAll('decisions')
    .select('username');
}

function decisionOf(row: Selectable<Decisions> & { readonly username: string }): Decision {
  return {
    id: row.id,
    debateId: row.debate_id,
    eventId: row.event_id,
    username: row.username,
    userId: row.user_id,
    symbol: row.symbol,
    closeTimeMs: row.close_time.getTime(),
    snapshotHash: row.snapshot_hash,
    action: row.action as Action,
    verdict: row.verdict as VerdictKind,
    confidenceBp: row.confidence_bp,
    votes: fromJson(row.votes),
    reasoning: fromJson(row.reasoning),
    arms: fromJson(row.arms),
    weightsVersion: row.weights_version,
    configVersion: row.config_version,
    rulesVersion: row.rules_version,
    silent: fromJson(row.silent),
    seq: Number(row.seq),
    prevHash: row.prev_hash,
    hash: row.hash,
    recordedAt: row.recorded_at,
  };
}

function anyOf(ids: readonly string[]) {
  return sql<string>`any(${[...ids]}::text[])`;
}
