import type { SpeechOutcome } from '../adapters/bus/publish.ts';
import type { Mail } from '../core/assistants/mail.ts';
import type { Role } from '../core/assistants/role.ts';
import type { Ask } from '../core/assistants/speak.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import { CallMemory } from './memory.ts';
import type { Behaviour } from './runtime/cell.ts';
import type { HostEvent } from './runtime/events.ts';
import type { Journal } from './runtime/journal.ts';
import { Refusal } from './runtime/refusal.ts';
import type { SnapshotShelf } from './runtime/shelf.ts';

/** The mind's one entry: `core/assistants/speak.ts`. */
export type Speak = (ask: Ask) => Utterance['content'];

export interface AssistantOptions {
  readonly role: Role;
  readonly journal: Journal;
  /** One for all assistants of a host. */
  readonly shelf: SnapshotShelf;
  readonly speak: Speak;
  /** Says it in the ring; throws `Unavailable` when that cannot be done for now. */
  readonly say: (utterance: Utterance) => Promise<SpeechOutcome>;
  readonly emit: (event: HostEvent) => void;
}

/** One assistant for one symbol: asks its mind once per mail, puts the answer on record, says it in
 * the ring. A mail that was answered before is answered again with what is on record. */
export class Assistant implements Behaviour<Mail> {
  readonly #options: AssistantOptions;
  readonly #memory: CallMemory;

  constructor(options: AssistantOptions) {
    this.#options = options;
    this.#memory = new CallMemory(options.role, options.journal);
  }

  async receive(mail: Mail): Promise<void> {
    const startedAt = performance.now();
    const { journal, emit, say } = this.#options;
    const precedent = await journal.precedent(mail);
    const { to: role, symbol, kind } = mail;
    if (precedent.answer) emit({ type: 'repeated', role, symbol });
    const utterance = precedent.answer ?? (await this.#answer(mail, precedent.snapshotHash));
    if ((await say(utterance)) === 'equivocation') emit({ type: 'equivocation', role, symbol });
    if (precedent.answer) return;
    emit({ type: 'answered', role, symbol, kind, tookMs: performance.now() - startedAt });
  }

  async #answer(mail: Mail, snapshotHash: string | null): Promise<Utterance> {
    const { role, speak, journal } = this.#options;
    const { kind, round, heard, debateId, eventId, symbol, messageId } = mail;
    // The facts must be those the motion was recorded with, whoever sent the mail.
    if (snapshotHash === null) throw new Refusal('wire_value', 'eventId');
    const snapshot = this.#options.shelf.checked(mail.snapshot, snapshotHash);
    if (snapshot === null) throw new Refusal('wire_mismatch', 'snapshot');
    const memory = await this.#memory.before(snapshot);
    const content = speak({ role, kind, round, snapshot, heard, memory });
    // The mind's one entry returns the content of the kind it was asked for.
    const answer = {
      debateId,
      eventId,
      symbol,
      round,
      kind,
      role,
      messageId,
      content,
    } as Utterance;
    const { outcome, stored } = await journal.record(answer);
    const standing = outcome === 'inserted' ? answer : stored;
    // Another question at the same address was answered first: this one is not the ring's.
    if (standing?.messageId !== messageId) throw new Refusal('wire_mismatch', 'messageId');
    if (standing.kind === 'opinion' && standing.round === 1 && standing.content) {
      this.#memory.learn(snapshot, standing.content);
    }
    return standing;
  }
}
