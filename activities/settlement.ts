import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { appendAudit } from '../adapters/store/audit.ts';
import { booksPartition } from '../adapters/store/ledger.ts';
import { readOrder } from '../adapters/store/orders.ts';
import type { Database } from '../adapters/store/schema.ts';
import { transaction } from '../adapters/store/store.ts';
import type { Settlement, SettlementInput } from '../proto/settlement.ts';

export interface SettlementDependencies {
  readonly db: Kysely<Database>;
  readonly log: Logger;
}

type Asked = SettlementInput & { readonly runId: string };

export type SettlementActivities = ReturnType<typeof createSettlementActivities>;

/** The records of a person who has an order settled. Both may be repeated: each run of the workflow
 * records each once. */
export function createSettlementActivities({ db, log }: SettlementDependencies) {
  return {
    /** Records who asks and why, before anything is done; says where the order was sent. */
    openSettlement: async ({ clientOrderId, by, reason, runId }: Asked) => {
      const { parameters, state, userId } = await readOrder(db, clientOrderId);
      const body = { by, reason, runId, state };
      await recordOnce(db, { act: 'settlement-asked', userId, clientOrderId, body });
      return { venue: parameters.venue };
    },

    /** Records what came of it. */
    closeSettlement: async (given: Asked & { readonly settlement: Settlement }): Promise<void> => {
      const { clientOrderId, by, runId, settlement } = given;
      const { userId } = await readOrder(db, clientOrderId);
      log.info({ clientOrderId, by, settlement }, 'an order was settled on request');
      const body = { by, runId, ...settlement };
      await recordOnce(db, { act: 'settlement-ended', userId, clientOrderId, body });
    },
  };
}

interface Act {
  readonly act: string;
  readonly userId: string;
  readonly clientOrderId: string;
  readonly body: Readonly<Record<string, unknown>> & { readonly runId: string };
}

async function recordOnce(db: Kysely<Database>, given: Act): Promise<void> {
  const { act, userId, clientOrderId: reference, body } = given;
  const partition = booksPartition(userId);
  await transaction(db, async (trx) => {
    const known = await trx
      .selectFrom('audit')
      .select('body')
      .where('partition', '=', partition)
      .where('reference', '=', reference)
      .where('act', '=', act)
      .execute();
    if (known.some((row) => (row.body as { runId?: unknown }).runId === body.runId)) return;
    await appendAudit(trx, { partition, act, reference, body });
  });
}
