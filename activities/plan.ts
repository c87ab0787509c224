import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { appendAudit } from '../adapters/store/audit.ts';
import { activeHalts, type Halt } from '../adapters/store/halts.ts';
import { booksPartition } from '../adapters/store/ledger.ts';
import {
  type HaltWork,
  haltWork,
  hedgeLegs,
  type PlannedLeg,
  rebalancingLegs,
} from '../adapters/store/plan-books.ts';
import { readPlan, recordPlan } from '../adapters/store/plans.ts';
import type { Database } from '../adapters/store/schema.ts';
import { transaction } from '../adapters/store/store.ts';
import { legId } from '../core/identity.ts';
import type { OrderInput } from '../core/orders/leg.ts';
import type { PlanInput, PlanResult } from '../proto/plan.ts';

export interface PlanDependencies {
  readonly db: Kysely<Database>;
  readonly log: Logger;
}

/** What a halt leaves to do, as legs that can be sent. */
export interface HaltRound extends Omit<HaltWork, 'sales'> {
  readonly sales: readonly OrderInput[];
  /** True once the halt was lifted, or was replaced by a milder one. */
  readonly over: boolean;
}

export type PlanActivities = ReturnType<typeof createPlanActivities>;

/** The steps of a plan besides its orders. All may be repeated: a plan is recorded once, and the
 * rest only reads. */
export function createPlanActivities({ db, log }: PlanDependencies) {
  return {
    /** Records the plan, before anything is sent for it, and says its legs: those of the first
     * time when it is there already. A flattening has none yet; see `lookAtHalt`. */
    openPlan: (input: PlanInput): Promise<readonly OrderInput[]> => openPlan(db, input),

    /** What the halt behind a flattening leaves to do now. */
    lookAtHalt: (asked: {
      readonly input: PlanInput;
      /** The number the next leg takes. */
      readonly nextLeg: number;
    }): Promise<HaltRound> => lookAtHalt(db, asked),

    /** Writes down how the plan ended. */
    closePlan: async (input: PlanInput, result: PlanResult): Promise<void> => {
      log.info({ plan: input.planId, kind: input.kind, ...result }, 'a plan has ended');
      await closePlan(db, input, result);
    },
  };
}

interface PlanBody {
  readonly legs?: readonly PlannedLeg[];
}

async function openPlan(db: Kysely<Database>, input: PlanInput): Promise<readonly OrderInput[]> {
  return transaction(db, async (trx) => {
    const { kind, userId, username, venue, reference, marketTimeMs, timeframe } = input;
    const body =
      kind === 'flatten'
        ? await haltBody(trx, reference)
        : {
            legs: await (kind === 'hedge' ? hedgeLegs : rebalancingLegs)(trx, { userId, venue }),
            ...(timeframe === undefined ? {} : { timeframe }),
          };
    const plan = { kind, userId, username, venue, symbol: null, reference, body, marketTimeMs };
    const { id } = await recordPlan(trx, plan);
    if (id !== input.planId) throw new Error(`the plan's id must be ${id}, was ${input.planId}`);
    const recorded = (await readPlan(trx, id)).body as PlanBody;
    return legsOf(input, recorded.legs ?? [], 0);
  });
}

async function haltBody(db: Kysely<Database>, haltId: string) {
  const halt = await readHalt(db, haltId);
  return { halt: haltId, name: halt?.name ?? null, level: halt?.level ?? null };
}

async function readHalt(db: Kysely<Database>, haltId: string): Promise<Halt | null> {
  return (await activeHalts(db)).find(({ id }) => id === haltId) ?? null;
}

async function lookAtHalt(
  db: Kysely<Database>,
  { input, nextLeg }: { readonly input: PlanInput; readonly nextLeg: number },
): Promise<HaltRound> {
  const halt = await readHalt(db, input.reference);
  if (halt === null) return { over: true, recalls: [], underWay: 0, sales: [] };
  const { symbol, level } = halt;
  const work = await haltWork(db, input, { symbol, flatten: level === 'flatten' });
  return { ...work, over: false, sales: legsOf(input, work.sales, nextLeg) };
}

function legsOf(
  input: PlanInput,
  planned: readonly PlannedLeg[],
  firstLeg: number,
): readonly OrderInput[] {
  const { namespace, planId: id, kind, userId, username, venue } = input;
  return planned.map(({ symbol, side, quantity, referencePrice, closeTimeMs }, index) => ({
    namespace,
    legId: legId({ causeId: id, username, leg: firstLeg + index }),
    leg: firstLeg + index,
    cause: { kind, id },
    purpose: kind,
    userId,
    venue,
    symbol,
    side,
    closeTimeMs,
    referencePrice,
    confidenceBp: 10_000,
    requestedQuantity: quantity,
  }));
}

async function closePlan(
  db: Kysely<Database>,
  { userId, planId }: PlanInput,
  { finished, reason, recalled, legs }: PlanResult,
): Promise<void> {
  const partition = booksPartition(userId);
  await transaction(db, async (trx) => {
    const known = await trx
      .selectFrom('audit')
      .select('seq')
      .where('partition', '=', partition)
      .where('reference', '=', planId)
      .where('act', '=', 'plan-ended')
      .executeTakeFirst();
    if (known) return;
    const body = { finished, reason, recalled, legs };
    await appendAudit(trx, { partition, act: 'plan-ended', reference: planId, body });
  });
}
