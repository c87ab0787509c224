import type { Kysely } from 'kysely';
import { ROLES } from '../../core/assistants/role.ts';
import { EQUAL_REGIME_WEIGHTS, type RegimeWeights } from '../../core/debate/weights.ts';
import { REGIMES } from '../../core/features/reading.ts';
import { hashOf } from '../../core/hash.ts';
import type { EarnedWeights } from '../../core/learning/contract.ts';
import { appendAudit } from './audit.ts';
import { fromJson, type JsonValue, toJson } from './json.ts';
import type { Database } from './schema.ts';
import { transaction } from './store.ts';
import { UnknownError } from './unknown.ts';

export interface WeightsVersion {
  readonly version: number;
  readonly weights: RegimeWeights;
}

/** A version with what it follows from. */
export interface WeightsRecord extends WeightsVersion, EarnedWeights {
  /** Of the weights alone. */
  readonly contentHash: string;
  /** Wall clock. */
  readonly recordedAt: Date;
}

/** `same`: the newest version says just that already. `stale`: another version came in between, and
 * stands. */
export interface WeightsRecorded {
  readonly outcome: 'recorded' | 'same' | 'stale';
  /** The newest version there is now. */
  readonly version: number;
}

/** Where changes of weights are audited: with every other configuration. */
const PARTITION = 'configuration';

/** What a weight may be. */
const MOST_WEIGHT = 1_000_000;

/** Makes sure of version 1: equal weights. Changes nothing that is there. */
export async function ensureFirstWeights(db: Kysely<Database>): Promise<void> {
  await db
    .insertInto('weights')
    .values({
      version: 1,
      regime_weights: toJson(EQUAL_REGIME_WEIGHTS),
      reason: 'equal: nothing has been earned yet',
      content_hash: hashOf(EQUAL_REGIME_WEIGHTS),
    })
    .onConflict((conflict) => conflict.column('version').doNothing())
    .execute();
}

/** The newest weights: what debates are judged with from now on. Throws when there is none
 * (`ensureDefaults` was not called). */
export async function currentWeights(db: Kysely<Database>): Promise<WeightsVersion> {
  const row = await db
    .selectFrom('weights')
    .select(['version', 'regime_weights'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) throw new UnknownError('weights version', 'newest', []);
  return { version: row.version, weights: fromJson(row.regime_weights) };
}

/** One version of the weights: what a recorded decision names. Throws UnknownError. */
export async function weightsOf(
  db: Kysely<Database>,
  version: number,
): Promise<WeightsVersion & Pick<EarnedWeights, 'learnedToMs'>> {
  const row = await db
    .selectFrom('weights')
    .select(['regime_weights', 'learned_to'])
    .where('version', '=', version)
    .executeTakeFirst();
  if (row) {
    const learnedToMs = row.learned_to?.getTime() ?? null;
    return { version, weights: fromJson(row.regime_weights), learnedToMs };
  }
  const rows = await db.selectFrom('weights').select('version').orderBy('version').execute();
  const versions = rows.map((one) => String(one.version));
  throw new UnknownError('weights version', String(version), versions);
}

/** The newest versions with their reasons, newest first. */
export async function listWeights(
  db: Kysely<Database>,
  { limit = 20 }: { readonly limit?: number } = {},
): Promise<readonly WeightsRecord[]> {
  const rows = await db
    .selectFrom('weights')
    .selectAll()
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => {
    const weights = fromJson<RegimeWeights>(row.regime_weights);
    return {
      version: row.version,
      weights,
      reason: row.reason,
      learnedToMs: row.learned_to?.getTime() ?? null,
      evidence: fromJson<Readonly<Record<string, JsonValue>>>(row.evidence),
      // Versions from before there were hashes.
      contentHash: row.content_hash ?? hashOf(weights),
      recordedAt: row.recorded_at,
    };
  });
}

export interface OfferedWeights extends EarnedWeights {
  /** Who asked for it: `learning`, or a person's name. */
  readonly by: string;
}

/** Records the next version if the newest is still `expectedVersion`, with its audit record in the
 * same transaction. A debate that is open goes on with the version it began with. Weights that are
 * equal to the newest make no version, so that a chain of decisions does not change its version for
 * nothing. Throws a `RangeError` on a weight that is none. */
export async function recordWeights(
  db: Kysely<Database>,
  offered: OfferedWeights,
  expectedVersion: number,
): Promise<WeightsRecorded> {
  requireWeights(offered.weights);
  return transaction(db, async (trx) => {
    const newest = await currentWeights(trx);
    if (newest.version !== expectedVersion) return { outcome: 'stale', version: newest.version };
    const content = hashOf(offered.weights);
    if (content === hashOf(newest.weights)) return { outcome: 'same', version: newest.version };
    const { weights, reason, learnedToMs, evidence, by } = offered;
    const version = expectedVersion + 1;
    const inserted = await trx
      .insertInto('weights')
      .values({
        version,
        regime_weights: toJson(weights),
        reason,
        learned_to: learnedToMs === null ? null : new Date(learnedToMs),
        evidence: toJson(evidence),
        content_hash: content,
      })
      .onConflict((conflict) => conflict.column('version').doNothing())
      .executeTakeFirst();
    if (inserted.numInsertedOrUpdatedRows !== 1n) {
      // Somebody's commit was waited for, and is seen now.
      return { outcome: 'stale', version: (await currentWeights(trx)).version };
    }
    await appendAudit(trx, {
      partition: PARTITION,
      act: 'weights-set',
      reference: `weights:${version}`,
      body: {
        ...{ version, content, by, reason, learnedToMs },
        evidence: hashOf(evidence),
        changes: changesBetween(newest.weights, weights),
      },
    });
    return { outcome: 'recorded', version };
  });
}

function requireWeights(weights: RegimeWeights): void {
  for (const regime of REGIMES) {
    for (const role of ROLES) {
      const weight = weights[regime]?.[role];
      if (Number.isInteger(weight) && weight >= 0 && weight <= MOST_WEIGHT) continue;
      const field = `weights.${regime}.${role}`;
      throw new RangeError(`${field} must be a whole number 0 … ${MOST_WEIGHT}, was ${weight}`);
    }
  }
}

/** One assistant's weight in one regime: `calm.strategist`. */
export interface WeightChange {
  readonly field: string;
  readonly from: number;
  readonly to: number;
}

export function changesBetween(
  before: RegimeWeights,
  after: RegimeWeights,
): readonly WeightChange[] {
  return REGIMES.flatMap((regime) =>
    ROLES.flatMap((role) => {
      const [from, to] = [before[regime][role], after[regime][role]];
      return from === to ? [] : [{ field: `${regime}.${role}`, from, to }];
    }),
  );
}
