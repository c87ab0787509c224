import type { Mail } from '../../core/assistants/mail.ts';
import type { Kind, Utterance } from '../../core/assistants/speech.ts';
import { decodeUtterance } from '../../proto/codec.ts';
import { WireError } from '../../proto/errors.ts';
import type { Wire } from '../../proto/subjects.ts';
import { sameBytes } from './bytes.ts';
import type { Missing } from './round.ts';
import type { Heard } from './transcript.ts';

/** Messages at the round's subjects that were not believed. */
export interface Refusals {
  /** Not an utterance at all. */
  malformed: number;
  /** An utterance of another role, debate, motion, round or mail than its subject's. */
  forged: number;
  /** From somebody who was not asked. */
  unasked: number;
  /** A second, different word at an address that had one. */
  equivocation: number;
}

/** One of them. */
export interface RefusedWord {
  readonly reason: keyof Refusals;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** All are counted; of a flood only the first so many are kept. */
const MOST_KEPT = 20;

interface Entry {
  readonly mail: Mail;
  heard: { readonly utterance: Utterance; readonly bytes: Uint8Array } | null;
  disputed: boolean;
}

/** Who was asked in a round, and what each has said so far. Believes nothing that does not answer
 * the very mail that was sent. */
export class Roll {
  readonly refused: Refusals = { malformed: 0, forged: 0, unasked: 0, equivocation: 0 };
  readonly refusedWords: RefusedWord[] = [];
  readonly #entries = new Map<string, Entry>();
  #spoken = 0;

  constructor(wire: Wire, { asks, round, kind }: RollOptions) {
    for (const mail of asks) {
      if (mail.round !== round || mail.kind !== kind) {
        throw new RangeError(`asks must be of ${kind} in round ${round}, was ${describe(mail)}`);
      }
      const subject = wire.debate({ ...mail, role: mail.to });
      if (this.#entries.has(subject)) throw new RangeError(`asked twice: ${subject}`);
      this.#entries.set(subject, { mail, heard: null, disputed: false });
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  get spoken(): number {
    return this.#spoken;
  }

  get complete(): boolean {
    return this.#spoken === this.#entries.size;
  }

  /** True when it was news: the first believable word at its address. */
  hear(heard: Heard): boolean {
    const { subject, bytes } = heard;
    const entry = this.#entries.get(subject);
    if (!entry) return this.#refuse('unasked', heard);
    if (entry.heard) {
      if (sameBytes(entry.heard.bytes, bytes)) return false;
      // Two different words of one assistant: neither can be trusted to be its own.
      entry.disputed = true;
      return this.#refuse('equivocation', heard);
    }
    const utterance = readUtterance(bytes);
    if (!utterance) return this.#refuse('malformed', heard);
    if (!answers(utterance, entry.mail)) return this.#refuse('forged', heard);
    entry.heard = { utterance, bytes };
    this.#spoken += 1;
    return true;
  }

  unheard(): readonly Mail[] {
    return [...this.#entries.values()].filter((entry) => !entry.heard).map((entry) => entry.mail);
  }

  said(): readonly Utterance[] {
    return [...this.#entries.values()].flatMap(({ heard, disputed }) =>
      heard && !disputed ? [heard.utterance] : [],
    );
  }

  missing(): readonly Missing[] {
    return [...this.#entries.values()]
      .filter(({ heard, disputed }) => !heard || disputed)
      .map(({ mail, disputed }) => ({
        eventId: mail.eventId,
        symbol: mail.symbol,
        role: mail.to,
        why: disputed ? 'equivocation' : 'silent',
      }));
  }

  #refuse(reason: keyof Refusals, { subject, bytes }: Heard): false {
    this.refused[reason] += 1;
    if (this.refusedWords.length < MOST_KEPT) this.refusedWords.push({ reason, subject, bytes });
    return false;
  }
}

interface RollOptions {
  readonly asks: readonly Mail[];
  readonly round: number;
  readonly kind: Kind;
}

function readUtterance(bytes: Uint8Array): Utterance | null {
  try {
    return decodeUtterance(bytes);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function answers(utterance: Utterance, mail: Mail): boolean {
  return (
    utterance.messageId === mail.messageId &&
    utterance.role === mail.to &&
    utterance.eventId === mail.eventId &&
    utterance.debateId === mail.debateId &&
    utterance.symbol === mail.symbol &&
    utterance.round === mail.round &&
    utterance.kind === mail.kind
  );
}

function describe({ kind, round, to }: Mail): string {
  return `${kind} in round ${round} to ${to}`;
}
