import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { listGuards, openGuardOf } from '../../adapters/store/guards.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { type Unwatched, unwatchedPositions } from '../../adapters/store/unguarded.ts';
import type { GuardInput, GuardRecord } from '../../proto/guard.ts';
import type { Wire } from '../../proto/subjects.ts';
import { lookAgainSignal, TASK_TIMEOUT, WORKFLOWS } from '../../workflows/messages.ts';

/** From the end of one look at the positions to the next. */
const LOOK_EVERY_MS = 5_000;
/** A purchase that was booked later has somebody who sees to its guard, most likely. */
const QUIET_MS = 5_000;
/** How many looks go by between two at the guards' own workflows. */
const LOOKS_PER_ROUND = 4;

export interface GuardFinder {
  facts(): { readonly guardsOpened: number; readonly guardsTold: number };
  close(): Promise<void>;
}

export interface GuardFinderOptions {
  readonly db: Kysely<Database>;
  readonly wire: Wire;
  readonly log: Logger;
  readonly temporal: { readonly address: string; readonly namespace: string };
}

/** Sees to it that no position stays without its guard: not one whose purchase was filled late, or
 * booked from the user stream or by the sweep, after the workflow that asked for it had ended, and
 * not one whose guard somebody ended in Temporal. While that workflow runs it has the first word,
 * so that a replay has its guards from nobody else. Any number of these may run: a position's guard
 * is opened once, and its workflow's id is started once. */
export function startGuardFinder(options: GuardFinderOptions): GuardFinder {
  const { log } = options;
  const { address, namespace } = options.temporal;
  const counts = { guardsOpened: 0, guardsTold: 0 };
  const ended = new AbortController();
  let connection: Connection | null = null;
  const told = new Set<string>();
  const look = async (turn: number): Promise<void> => {
    connection ??= await Connection.connect({ address });
    const finder = new Finder(options, new Client({ connection, namespace }), { counts, told });
    await finder.look();
    if (turn % LOOKS_PER_ROUND === 0) await finder.wakeAll();
  };
  const running = (async () => {
    for (let turn = 1; !ended.signal.aborted; turn += 1) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
      if (ended.signal.aborted) return;
      await look(turn).catch((err: unknown) => log.warn({ err }, 'no look at the guards'));
    }
  })();
  return {
    facts: () => counts,
    close: async () => {
      ended.abort();
      await running;
      await connection?.close();
    },
  };
}

interface Memory {
  readonly counts: { guardsOpened: number; guardsTold: number };
  /** What was told of which guard. */
  readonly told: Set<string>;
}

class Finder {
  readonly #options: GuardFinderOptions;
  readonly #client: Client;
  readonly #memory: Memory;

  constructor(options: GuardFinderOptions, client: Client, memory: Memory) {
    this.#options = options;
    this.#client = client;
    this.#memory = memory;
  }

  async look(): Promise<void> {
    const { db, wire } = this.#options;
    const { namespace } = wire;
    for (const found of await unwatchedPositions(db, { namespace, quietMs: QUIET_MS })) {
      if (!(await this.#runs(this.#causeOf(found)))) await this.#guard(found);
    }
  }

  /** Begins again every open guard whose workflow is gone. */
  async wakeAll(): Promise<void> {
    for (const guard of await listGuards(this.#options.db, { open: true })) {
      if (!(await this.#runs(guard.workflowId))) await this.#begin(guard);
    }
  }

  async #guard(found: Unwatched): Promise<void> {
    const { db, wire, log } = this.#options;
    const { entry, guard: known } = found;
    const { userId, symbol, legId } = entry;
    const guard = known ?? (await openGuardOf(db, entry, wire.guardWorkflowId));
    if (guard === null) return;
    await this.#begin(guard);
    // One that cannot look now is not told over and over.
    const { counts, told } = this.#memory;
    const news = `${guard.planId} ${legId} ${guard.state.saves}`;
    if (told.has(news)) return;
    told.add(news);
    if (known === null) counts.guardsOpened += 1;
    else counts.guardsTold += 1;
    log.warn({ userId, symbol, legId }, 'a position had no guard that knew of it');
    const asked = { legId, workflowId: this.#causeOf(found) };
    await this.#client.workflow.getHandle(guard.workflowId).signal(lookAgainSignal, asked);
  }

  /** The workflow that asked for the purchase. */
  #causeOf({ entry, firstLegId }: Unwatched): string {
    const { orderWorkflowId, planWorkflowId } = this.#options.wire;
    const { kind, id } = entry.cause;
    return kind === 'decision' ? orderWorkflowId(firstLegId) : planWorkflowId(id);
  }

  async #runs(workflowId: string): Promise<boolean> {
    try {
      const { status } = await this.#client.workflow.getHandle(workflowId).describe();
      return status.name === 'RUNNING';
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      return false;
    }
  }

  async #begin({ planId, workflowId, symbol, username }: GuardRecord): Promise<void> {
    const { wire } = this.#options;
    const input: GuardInput = { namespace: wire.namespace, planId };
    try {
      await this.#client.workflow.start(WORKFLOWS.guard, {
        workflowId,
        taskQueue: wire.queues.order,
        workflowTaskTimeout: TASK_TIMEOUT,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        args: [input],
        staticSummary: `guards ${symbol} of ${username}`,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}
