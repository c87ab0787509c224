import type { Mail } from '../../core/assistants/mail.ts';
import type { Role } from '../../core/assistants/role.ts';
import type { Kind, Utterance } from '../../core/assistants/speech.ts';
import type { Wire } from '../../proto/subjects.ts';
import type { Bus, BusEvent } from './connect.ts';
import { isPassing, NotAcknowledged, publishMail } from './publish.ts';
import { type Refusals, type RefusedWord, Roll } from './roll.ts';
import { type Heard, listen, readSaid } from './transcript.ts';

export interface RoundMotion {
  readonly eventId: string;
  readonly debateId: string;
  readonly symbol: string;
}

export interface RoundOptions {
  readonly bus: Bus;
  readonly wire: Wire;
  /** The docket: every ask must be about one of these. */
  readonly motions: readonly RoundMotion[];
  readonly round: number;
  readonly kind: Kind;
  /** One mail to every assistant that is expected to speak. */
  readonly asks: readonly Mail[];
  /** From now; whoever has not spoken by then abstains. */
  readonly deadlineMs: number;
  /** Called about once a second while the round lasts. */
  readonly heartbeat?: (progress: RoundProgress) => void;
  /** Ends the round with the signal's reason as the error. */
  readonly signal?: AbortSignal;
  /** Silence of everybody before those who have not spoken are asked again; doubles each time. */
  readonly askAgainMs?: number;
}

export interface RoundProgress {
  readonly said: number;
  readonly asked: number;
}

/** Who was asked and was not heard, or said two different things and so counts as silent. */
export interface Missing {
  readonly eventId: string;
  readonly symbol: string;
  readonly role: Role;
  readonly why: 'silent' | 'equivocation';
}

export interface RoundResult {
  /** In the order of `asks`, so arrival decides nothing. */
  readonly said: readonly Utterance[];
  readonly missing: readonly Missing[];
  /** Messages that were not believed, by reason. */
  readonly refused: Refusals;
  /** The first of them, as they came. */
  readonly refusedWords: readonly RefusedWord[];
  /** How often somebody had to be asked again. */
  readonly askedAgain: number;
}

const TICK_MS = 250;
const HEARTBEAT_MS = 1_000;
const ASK_AGAIN_MS = 2_000;
const MOST_ASK_AGAIN_MS = 16_000;
/** Motions one transcript read covers: 7 roles each stay below the server's 1,024 results. */
const MOTIONS_A_READ = 100;

/** Holds one kind of one round for all motions of a docket: reads what has been said, asks only
 * for the rest, and waits until everybody has spoken or the deadline is over. Whoever repeats it
 * after a crash gets the same utterances and asks nobody a second time. */
export async function gatherRound(options: RoundOptions): Promise<RoundResult> {
  options.signal?.throwIfAborted();
  const gathering = new Gathering(options);
  try {
    await gathering.run();
    return gathering.result();
  } finally {
    gathering.close();
  }
}

class Gathering {
  readonly #options: RoundOptions;
  readonly #roll: Roll;
  readonly #startedAt = performance.now();
  readonly #stop = new AbortController();
  readonly #closers: (() => void)[] = [];
  #silentSince = this.#startedAt;
  #askAgainMs: number;
  #repeats = 0;
  #askedAgain = 0;
  #reading: Promise<void> | null = null;
  #beatAt = 0;
  #fault: Error | null = null;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#askAgainMs = options.askAgainMs ?? ASK_AGAIN_MS;
    this.#roll = new Roll(options.wire, options);
  }

  async run(): Promise<void> {
    const { bus, wire, motions, round, kind } = this.#options;
    const hear = (heard: Heard): void => this.#hear(heard);
    for (const debateId of new Set(motions.map((motion) => motion.debateId))) {
      this.#closers.push(listen(bus, wire.debateFilter({ debateId, round, kind }), hear));
    }
    const finished = this.#untilFinished();
    const catchUp = (event: BusEvent): void => {
      if (event.type === 'connected') void this.#catchUp();
    };
    this.#closers.push(bus.events.on(catchUp));
    await Promise.race([this.#catchUp(), finished]);
    if (!this.#stop.signal.aborted) this.#ask(0);
    await finished;
    if (this.#fault !== null) throw this.#fault;
  }

  result(): RoundResult {
    return {
      said: this.#roll.said(),
      missing: this.#roll.missing(),
      refused: this.#roll.refused,
      refusedWords: this.#roll.refusedWords,
      askedAgain: this.#askedAgain,
    };
  }

  close(): void {
    this.#stop.abort();
    for (const close of this.#closers) close();
  }

  #hear(heard: Heard): void {
    if (this.#roll.hear(heard)) this.#silentSince = performance.now();
    if (this.#roll.complete) this.#stop.abort();
  }

  /** Resolves when all have spoken or the time is over; rejects when the caller aborts. */
  #untilFinished(): Promise<void> {
    const { signal, deadlineMs } = this.#options;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(asError(signal?.reason));
      signal?.addEventListener('abort', abort, { once: true });
      const deadline = setTimeout(() => this.#stop.abort(), deadlineMs);
      const tick = setInterval(() => this.#tick(), TICK_MS);
      this.#stop.signal.addEventListener('abort', () => resolve(), { once: true });
      this.#closers.push(() => {
        signal?.removeEventListener('abort', abort);
        clearTimeout(deadline);
        clearInterval(tick);
      });
      if (this.#roll.complete) this.#stop.abort();
    });
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#beatAt >= HEARTBEAT_MS) {
      this.#beatAt = now;
      this.#options.heartbeat?.({ said: this.#roll.spoken, asked: this.#roll.size });
    }
    if (now - this.#silentSince < this.#askAgainMs || !this.#options.bus.link.up) return;
    this.#silentSince = now;
    this.#askAgainMs = Math.min(this.#askAgainMs * 2, MOST_ASK_AGAIN_MS);
    void this.#catchUp().then(() => this.#ask(++this.#repeats));
  }

  /** Reads the transcript until it could be read once. */
  #catchUp(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { bus } = this.#options;
    while (!this.#stop.signal.aborted) {
      await bus.link.whenUp(this.#stop.signal);
      try {
        await this.#readOnce();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      }
    }
  }

  async #readOnce(): Promise<void> {
    const { bus, wire, motions, round, kind } = this.#options;
    for (let from = 0; from < motions.length; from += MOTIONS_A_READ) {
      const filters = motions
        .slice(from, from + MOTIONS_A_READ)
        .map(({ debateId, symbol }) => wire.debateFilter({ debateId, symbol, round, kind }));
      for (const heard of await readSaid(bus, wire, { filters })) this.#hear(heard);
    }
  }

  #ask(again: number): void {
    const { bus, wire, deadlineMs } = this.#options;
    const patience = {
      deadlineMs: Math.max(1, deadlineMs - (performance.now() - this.#startedAt)),
      signal: this.#stop.signal,
    };
    for (const mail of this.#roll.unheard()) {
      if (again > 0) this.#askedAgain += 1;
      // The first repeat is the same message to the server; only later ones pass its dedupe window.
      const dedupe = Math.max(0, again - 1);
      publishMail(bus, wire, { mail, again: dedupe, ...patience }).catch((error: unknown) =>
        this.#unasked(error),
      );
    }
  }

  /** A mail that could not be put into its mailbox in time leaves its assistant silent; one that
   * the server refuses for good is a fault of the caller's. */
  #unasked(error: unknown): void {
    if (error instanceof NotAcknowledged || isPassing(error)) return;
    this.#fault = asError(error);
    this.#stop.abort();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
