import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Kysely } from 'kysely';
import {
  closeEscalation,
  type Escalation,
  findEscalation,
  readEscalations,
} from '../../adapters/store/escalations.ts';
import { fromJson } from '../../adapters/store/json.ts';
import { entryPrices } from '../../adapters/store/positions.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { CorroError } from '../../proto/errors.ts';
import type {
  AnswerReceipt,
  AnswerWish,
  EscalationInput,
  SignedAnswer,
} from '../../proto/escalation.ts';
import { answerUpdate, tapePassedSignal } from '../../workflows/messages.ts';

/** Signs an answer as the user who is asked. */
export interface AnswerSigner {
  sign(question: EscalationInput, wish: AnswerWish): SignedAnswer;
}

/** The open questions and positions of the ring, as its driver must know them between two
 * closes. */
export class Questions {
  readonly #db: Kysely<Database>;
  readonly #client: Client;
  readonly #venue: string;
  #open: readonly Escalation[] = [];
  #entryPrices: ReadonlyMap<string, number> = new Map();

  constructor(ring: {
    readonly db: Kysely<Database>;
    readonly client: Client;
    readonly venue: string;
  }) {
    this.#db = ring.db;
    this.#client = ring.client;
    this.#venue = ring.venue;
  }

  /** Reads again what is open and what is held; after every docket, answer and close of a
   * question. */
  async refresh(): Promise<void> {
    this.#open = await readEscalations(this.#db, { status: 'open' });
    this.#entryPrices = await entryPrices(this.#db, this.#venue);
  }

  get open(): readonly Escalation[] {
    return this.#open;
  }

  /** Average entry of what all users hold of a symbol together, quote per base; `null` when
   * flat. */
  entryPrice(symbol: string): number | null {
    return this.#entryPrices.get(symbol) ?? null;
  }

  /** Tells every open question that the market has reached this time, and waits for those whose
   * deadline it passed: their default stands before anything newer is decided. */
  async passed(marketTimeMs: number): Promise<void> {
    if (this.#open.length === 0) return;
    await this.refresh();
    const due = this.#open.filter((question) => question.deadlineMs <= marketTimeMs);
    for (const question of this.#open) {
      const handle = this.#client.workflow.getHandle(question.workflowId);
      await handle.signal(tapePassedSignal, marketTimeMs).catch(ignoreFinished);
    }
    for (const question of due) await this.#settle(question);
    if (due.length > 0) await this.refresh();
  }

  /** Waits for the end of a question whose time is over. One whose workflow is gone, or was ended
   * by hand in Temporal, is closed here: nobody else would, and no other could be asked. */
  async #settle({ escalationId: id, workflowId }: Escalation): Promise<void> {
    try {
      await this.#client.workflow.getHandle(workflowId).result();
    } catch (error) {
      ignoreFinished(error);
      const reason = 'its workflow ended without an answer: HOLD stands';
      await closeEscalation(this.#db, { id, status: 'expired', reason });
    }
  }

  /** Gives a person's signed answer to the question as it is asked now, and waits for what becomes
   * of it, its order included. Throws `CorroError` `escalation_closed` when its time was over
   * before it came. */
  async answer(
    escalationId: string,
    wish: AnswerWish,
    signer: AnswerSigner,
  ): Promise<AnswerReceipt> {
    const { workflowId, status, question } = await findEscalation(this.#db, escalationId);
    if (status !== 'open') throw new CorroError('escalation_closed', status);
    const answer = signer.sign(fromJson<EscalationInput>(question), wish);
    const handle = this.#client.workflow.getHandle(workflowId);
    try {
      return await handle.executeUpdate(answerUpdate, { args: [answer] });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const now = 'nobody waits for an answer any more';
      throw new CorroError('escalation_closed', now, { cause: error });
    } finally {
      await this.refresh();
    }
  }
}

/** A question may close between our look and our word; then there is nothing left to tell it. */
function ignoreFinished(error: unknown): void {
  if (error instanceof WorkflowNotFoundError || error instanceof WorkflowFailedError) return;
  throw error;
}
