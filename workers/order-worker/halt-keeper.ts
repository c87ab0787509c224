import {
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { activeHalts, type Halt } from '../../adapters/store/halts.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { planId } from '../../core/identity.ts';
import { WORKING_LEVELS } from '../../core/risk/halt.ts';
import type { PlanInput } from '../../proto/plan.ts';
import type { Wire } from '../../proto/subjects.ts';
import { TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';

/** How often the table of halts is read. */
const LOOK_EVERY_MS = 250;

export interface HaltKeeper {
  facts(): { readonly started: number; readonly lookedAt: string | null };
  close(): Promise<void>;
}

export interface HaltKeeperOptions {
  readonly db: Kysely<Database>;
  readonly wire: Wire;
  readonly log: Logger;
  readonly temporal: { readonly address: string; readonly namespace: string };
}

/** Sees to it that halts which cancel or flatten are worked off: one plan for each user they
 * concern, started once, whoever starts it. What it remembers only spares it questions: after a
 * restart, or beside other keepers, the workflow's id says that a plan was started. */
export function startHaltKeeper(options: HaltKeeperOptions): HaltKeeper {
  const { log } = options;
  const { address, namespace } = options.temporal;
  const started = new Set<string>();
  let connection: Connection | null = null;
  let lookedAt: string | null = null;
  let closed = false;
  let wake: () => void = () => undefined;
  const look = async (): Promise<void> => {
    const plans = await plansOf(options.db, options.wire.namespace);
    for (const plan of plans) {
      if (started.has(plan.planId)) continue;
      connection ??= await Connection.connect({ address });
      await startPlan(new Client({ connection, namespace }), options.wire, plan);
      started.add(plan.planId);
    }
    lookedAt = new Date().toISOString();
  };
  const running = (async () => {
    while (!closed) {
      await look().catch((err: unknown) => log.warn({ err }, 'halts could not be looked at'));
      if (closed) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, LOOK_EVERY_MS);
      });
    }
  })();
  return {
    facts: () => ({ started: started.size, lookedAt }),
    close: async () => {
      closed = true;
      wake();
      await running;
      await connection?.close();
    },
  };
}

/** One plan for each user and venue that a halt which cancels or flattens concerns. */
export async function plansOf(
  db: Kysely<Database>,
  namespace: string,
): Promise<readonly PlanInput[]> {
  const halts = await activeHalts(db, { levels: WORKING_LEVELS });
  if (halts.length === 0) return [];
  const accounts = await db
    .selectFrom('portfolio as p')
    .innerJoin('users as u', 'u.id', 'p.user_id')
    .select(['u.id as userId', 'u.username', 'p.venue'])
    .select((eb) => eb.fn.max('p.market_time').as('marketTime'))
    .groupBy(['u.id', 'u.username', 'p.venue'])
    .orderBy('u.username')
    .orderBy('p.venue')
    .execute();
  const plan = (halt: Halt, account: (typeof accounts)[number]): PlanInput => {
    const { userId, username, venue } = account;
    const identity = { kind: 'flatten', username, venue, reference: halt.id } as const;
    const marketTimeMs = account.marketTime.getTime();
    return { namespace, planId: planId(identity), ...identity, userId, marketTimeMs };
  };
  return halts.flatMap((halt) =>
    accounts
      .filter(({ userId }) => halt.userId === null || halt.userId === userId)
      .map((account) => plan(halt, account)),
  );
}

async function startPlan(client: Client, wire: Wire, plan: PlanInput): Promise<void> {
  try {
    await client.workflow.start(WORKFLOWS.plan, {
      workflowId: wire.planWorkflowId(plan.planId),
      taskQueue: wire.queues.order,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      args: [plan],
      workflowTaskTimeout: TASK_TIMEOUT,
      staticSummary: `${plan.kind} for ${plan.username} at ${plan.venue}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
