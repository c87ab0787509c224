import type { Kysely } from 'kysely';
import type { ChainReport } from '../../adapters/store/audit.ts';
import {
  chainHead,
  type Decision,
  readDecisions,
  recordHash,
  verifyDecisionChain,
} from '../../adapters/store/decisions.ts';
import { readMotions } from '../../adapters/store/motions.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { configOf } from '../../adapters/store/users.ts';
import { readUtterances } from '../../adapters/store/utterances.ts';
import { weightsOf } from '../../adapters/store/weights.ts';
import { judge } from '../../core/debate/judge.ts';
import { rulesOf } from '../../core/debate/rules.ts';
import { heardInTime } from '../../core/debate/silence.ts';
import { hashOf } from '../../core/hash.ts';
import { decisionId } from '../../core/identity.ts';
import { CorroError } from '../../proto/errors.ts';

export interface VerifyReport {
  readonly checked: number;
  readonly faults: readonly DecisionFault[];
  /** Of all decisions; `null` when only some were asked for. */
  readonly chain: ChainReport | null;
  readonly equal: boolean;
}

export interface DecisionFault {
  readonly id: string;
  readonly debateId: string;
  readonly fault: string;
}

export interface VerifyOptions {
  /** Ids or beginnings of them; empty: all. */
  readonly ids: readonly string[];
  readonly onProgress?: (done: number, total: number) => void;
}

/** Judges decisions again from what is stored (snapshot, utterances, weights, configuration, rules,
 * each by the version the decision names) and compares with the record, to the last digit. Throws
 * `unknown_decision` on an id that is not there. */
export async function verifyDecisions(
  db: Kysely<Database>,
  { ids, onProgress }: VerifyOptions,
): Promise<VerifyReport> {
  const total = ids.length === 0 ? (await chainHead(db)).length : ids.length;
  const faults: DecisionFault[] = [];
  let checked = 0;
  for await (const decision of ids.length === 0 ? inPages(db) : named(db, ids)) {
    const fault = await faultOf(db, decision);
    if (fault !== null) faults.push({ id: decision.id, debateId: decision.debateId, fault });
    checked += 1;
    onProgress?.(checked, Math.max(checked, total));
  }
  const chain = ids.length === 0 ? await verifyDecisionChain(db) : null;
  const equal = faults.length === 0 && chain?.intact !== false;
  return { checked, faults, chain, equal };
}

/** A page at a time: a year of minutes has more decisions than fit in memory with their reasons. */
async function* inPages(db: Kysely<Database>): AsyncGenerator<Decision> {
  for (let fromSeq = 1; ; ) {
    const page = await readDecisions(db, { fromSeq });
    const last = page.at(-1);
    if (last === undefined) return;
    yield* page;
    fromSeq = last.seq + 1;
  }
}

/** All that are meant are found before the first is judged. */
async function* named(db: Kysely<Database>, ids: readonly string[]): AsyncGenerator<Decision> {
  const all = await readDecisions(db);
  yield* ids.map((id) => find(all, id));
}

function find(all: readonly Decision[], typed: string): Decision {
  const found = all.filter((decision) => decision.id.startsWith(typed));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const newest = all.slice(-3).map((decision) => decision.id);
  const there = all.length === 0 ? 'there is none yet' : `the newest are ${newest.join(', ')}`;
  throw new CorroError('unknown_decision', `${typed}: ${there}`);
}

async function faultOf(db: Kysely<Database>, decision: Decision): Promise<string | null> {
  const [motion] = await readMotions(db, [decision.eventId]);
  if (motion === undefined) return 'its motion is not on record';
  const { snapshot } = motion;
  if (hashOf(snapshot) !== decision.snapshotHash) return 'its snapshot was changed';
  if (decisionId(decision) !== decision.id) return 'its id does not follow from its inputs';
  const [said, { weights }, { config }] = await Promise.all([
    readUtterances(db, [decision.eventId]),
    weightsOf(db, decision.weightsVersion),
    configOf(db, { username: decision.username, version: decision.configVersion }),
  ]);
  const utterances = heardInTime(said, decision.silent);
  const rules = rulesOf(decision.rulesVersion);
  const judged = judge({ utterances, snapshot, weights, userConfig: config, rules });
  const again = {
    ...decision,
    action: judged.verdict.action,
    verdict: judged.verdict.kind,
    confidenceBp: judged.verdict.confidenceBp,
    votes: judged.votes,
    reasoning: judged.reasoning,
    arms: judged.arms,
  };
  if (recordHash(again) === recordHash(decision)) return null;
  const recorded = `${decision.verdict} ${decision.action}`;
  return `recorded ${recorded}, recomputed ${again.verdict} ${again.action}`;
}
