import type { GuardMemory, GuardRecord, GuardStatus } from '../core/risk/guard-record.ts';

/** What a guard workflow takes and gives, as JSON in Temporal's history. */

export type {
  GuardFeed,
  GuardMemory,
  GuardRecord,
  GuardStatus,
  PassedCandles,
} from '../core/risk/guard-record.ts';
export { MOST_CANDLES } from '../core/risk/guard-record.ts';

export interface GuardInput {
  readonly namespace: string;
  readonly planId: string;
  /** What the run before handed on; without it the guard begins from what is stored. */
  readonly carried?: GuardRecord;
}

/** A position was traded by somebody else than its guard. */
export interface LookAgain {
  /** The leg that traded, and the workflow that waits to hear that the guard has looked. */
  readonly legId: string;
  readonly workflowId: string;
}

export interface GuardView {
  readonly status: GuardStatus;
  readonly state: GuardMemory;
}
