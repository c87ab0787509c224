import { type Kysely, sql } from 'kysely';
import type { Database } from '../../adapters/store/schema.ts';
import { sqlState } from '../../adapters/store/store.ts';
import { insertUtterances, type UtteranceOutcome } from '../../adapters/store/utterances.ts';
import type { Utterance } from '../../core/assistants/speech.ts';
import { Batcher } from './batcher.ts';

/** What is on record about a mail before it is answered. */
export interface Precedent {
  /** What was answered to this very mail. */
  readonly answer: Utterance | null;
  /** Hash of the facts of the mail's motion; null: no such motion. */
  readonly snapshotHash: string | null;
}

export interface Question {
  readonly messageId: string;
  readonly eventId: string;
}

export interface JournalOptions {
  readonly db: Kysely<Database>;
  /** Told each time Postgres could not be used; the journal tries on. */
  readonly unavailable: (reason: string) => void;
  readonly signal: AbortSignal;
}

/** Rows in one statement; bounds its size, not the load. */
const MOST_ROWS = 256;
const RETRY_MS = { first: 50, most: 1_000 };

/** The durable half of an answer: what was asked before, and the answer itself, committed before
 * anybody hears it. A repeated mail finds its row here, on whichever host, so a mind is asked
 * once. */
export class Journal {
  readonly #options: JournalOptions;
  readonly #lookups: Batcher<Question, Precedent>;
  readonly #records: Batcher<Utterance, UtteranceOutcome>;

  constructor(options: JournalOptions) {
    this.#options = options;
    const { db } = options;
    this.#lookups = new Batcher({
      most: MOST_ROWS,
      run: (questions) => this.#persist(() => readPrecedents(db, questions)),
    });
    this.#records = new Batcher({
      most: MOST_ROWS,
      run: (utterances) => this.#persist(() => insertUtterances(db, utterances)),
    });
  }

  precedent(question: Question): Promise<Precedent> {
    return this.#lookups.add(question);
  }

  record(utterance: Utterance): Promise<UtteranceOutcome> {
    return this.#records.add(utterance);
  }

  /** Runs a read or an idempotent write until Postgres answers, whatever that takes; a host without
   * Postgres has nothing better to do. Throws what would not change by waiting. */
  async #persist<T>(act: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await act();
      } catch (error) {
        if (!isPassing(error) || this.#options.signal.aborted) throw error;
        this.#options.unavailable(error instanceof Error ? error.message : String(error));
      }
      const pauseMs = Math.min(RETRY_MS.first * 2 ** attempt, RETRY_MS.most);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** The same persistence for reads of the actors' own. */
  read<T>(act: (db: Kysely<Database>) => Promise<T>): Promise<T> {
    return this.#persist(() => act(this.#options.db));
  }
}

/** Classes of SQLSTATE that time mends: connection, resources, operator intervention, rollback. */
const PASSING_CLASSES = ['08', '53', '57', '40'];
const CONNECTION_LOST =
  /ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|connection terminated|timeout exceeded|client has encountered/i;

function isPassing(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== null) return PASSING_CLASSES.includes(state.slice(0, 2));
  return error instanceof Error && CONNECTION_LOST.test(describe(error));
}

/** A refused connection hides its reason in an AggregateError's code. */
function describe(error: Error): string {
  return `${'code' in error ? String(error.code) : ''} ${error.message}`;
}

async function readPrecedents(
  db: Kysely<Database>,
  questions: readonly Question[],
): Promise<readonly Precedent[]> {
  const [answers, motions] = await Promise.all([
    readAnswers(
      db,
      questions.map(({ messageId }) => messageId),
    ),
    readSnapshotHashes(db, [...new Set(questions.map(({ eventId }) => eventId))]),
  ]);
  return questions.map(({ messageId, eventId }) => ({
    answer: answers.get(messageId) ?? null,
    snapshotHash: motions.get(eventId) ?? null,
  }));
}

async function readAnswers(
  db: Kysely<Database>,
  messageIds: readonly string[],
): Promise<ReadonlyMap<string, Utterance>> {
  const rows = await db
    .selectFrom('utterances')
    .select(['debate_id as debateId', 'event_id as eventId', 'message_id as messageId'])
    .select(['symbol', 'round', 'kind', 'role', 'content'])
    .where('message_id', '=', sql<string>`any(${[...messageIds]}::text[])`)
    .execute();
  // Only typed utterances are ever written there, so a row's kind and content belong together.
  return new Map(rows.map((row) => [row.messageId, row as unknown as Utterance]));
}

async function readSnapshotHashes(
  db: Kysely<Database>,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('motions')
    .select(['event_id', 'snapshot_hash'])
    .where('event_id', '=', sql<string>`any(${[...eventIds]}::text[])`)
    .execute();
  return new Map(rows.map((row) => [row.event_id, row.snapshot_hash]));
}
