import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { Kysely } from 'kysely';
import { hedgeLegs } from '../../adapters/store/plan-books.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { activeUsersWithConfig, type ConfiguredUser } from '../../adapters/store/users.ts';
import { planId } from '../../core/identity.ts';
import type { Timeframe } from '../../core/market/candle.ts';
import { rebalancePeriod } from '../../core/portfolio/rebalance.ts';
import type { PlanInput, PlanResult } from '../../proto/plan.ts';
import type { Wire } from '../../proto/subjects.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';

const HOUR_MS = 3_600_000;

export interface UpkeepOptions {
  readonly db: Kysely<Database>;
  readonly client: Client;
  readonly wire: Wire;
  readonly venue: string;
  readonly timeframe: Timeframe;
}

/** What users' own rules ask for as the market's time passes: a hedge when equity has fallen, and a
 * rebalancing once in each period. Rules are read anew with each hour of the market's time, and a
 * close costs no question to any server while nobody has a hedge. What was asked for is known by
 * its plan in Postgres, so a restart asks for nothing twice. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #hour = -1;
  #hedgers: readonly ConfiguredUser[] = [];

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** The plans that this close asks for. `store` makes sure that its candles are stored; it is
   * called before anything is worked out from them. */
  async asked(timeMs: number, store: () => Promise<void>): Promise<readonly PlanInput[]> {
    const hour = Math.floor(timeMs / HOUR_MS);
    const plans: PlanInput[] = [];
    if (hour !== this.#hour) {
      const users = await activeUsersWithConfig(this.#options.db);
      for (const user of users) {
        const { rebalance } = user.limits;
        if (rebalance === null) continue;
        const { everyDays } = rebalance;
        const reference = `${everyDays}-days-${rebalancePeriod(timeMs, everyDays)}`;
        plans.push(this.#plan(user, { kind: 'rebalance', reference, timeMs }));
      }
      this.#hedgers = users.filter(({ limits }) => limits.hedge !== null);
    }
    if (plans.length + this.#hedgers.length > 0) await store();
    for (const user of this.#hedgers) {
      const [leg] = await hedgeLegs(this.#options.db, {
        userId: user.id,
        venue: this.#options.venue,
      });
      if (leg === undefined) continue;
      // One try an hour: what a limit or a halt forbids is not asked for at each close.
      const reference = `${leg.side.toLowerCase()}-${hour}`;
      plans.push(this.#plan(user, { kind: 'hedge', reference, timeMs }));
    }
    const open = await this.#unended(plans);
    // Not before: what was cut short is asked again.
    this.#hour = hour;
    return open;
  }

  /** Has plans worked off, one after the other, to the end of their orders. A plan that runs
   * already is joined. */
  async carryOut(plans: readonly PlanInput[]): Promise<readonly PlanResult[]> {
    const results: PlanResult[] = [];
    for (const plan of plans) results.push(await this.#carryOut(plan));
    return results;
  }

  async #carryOut(plan: PlanInput): Promise<PlanResult> {
    const { client, wire } = this.#options;
    const workflowId = wire.planWorkflowId(plan.planId);
    try {
      await client.workflow.start(WORKFLOWS.plan, {
        workflowId,
        taskQueue: wire.queues.order,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        args: [plan],
        workflowTaskTimeout: TASK_TIMEOUT,
        staticSummary: `${plan.kind} for ${plan.username} at ${plan.venue}`,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    return (await client.workflow.getHandle(workflowId).result()) as PlanResult;
  }

  #plan(
    user: ConfiguredUser,
    asked: {
      readonly kind: 'hedge' | 'rebalance';
      readonly reference: string;
      readonly timeMs: number;
    },
  ): PlanInput {
    const { venue, wire, timeframe } = this.#options;
    const { kind, reference, timeMs: marketTimeMs } = asked;
    const { id: userId, username } = user;
    const identity = { kind, username, venue, reference };
    const id = planId(identity);
    const { namespace } = wire;
    return { namespace, planId: id, ...identity, userId, marketTimeMs, timeframe };
  }

  /** Plans that have come to no end yet, or were never begun. */
  async #unended(plans: readonly PlanInput[]): Promise<readonly PlanInput[]> {
    if (plans.length === 0) return [];
    const ended = await this.#options.db
      .selectFrom('audit')
      .select('reference')
      .where('act', '=', 'plan-ended')
      .where(
        'reference',
        'in',
        plans.map((plan) => plan.planId),
      )
      .execute();
    const over = new Set(ended.map(({ reference }) => reference));
    return plans.filter((plan) => !over.has(plan.planId));
  }
}
