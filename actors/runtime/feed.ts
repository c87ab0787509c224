import type { Bus } from '../../adapters/bus/connect.ts';
import type { Delivery } from '../../adapters/bus/delivery.ts';
import { PinnedPull } from '../../adapters/bus/pinned.ts';
import type { Mail } from '../../core/assistants/mail.ts';
import type { Role } from '../../core/assistants/role.ts';
import { decodeMail } from '../../proto/codec.ts';
import { WireError } from '../../proto/errors.ts';
import { SubjectError, type Wire } from '../../proto/subjects.ts';
import { type Behaviour, Cell } from './cell.ts';
import type { HostEvent } from './events.ts';
import { Refusal, Unavailable } from './refusal.ts';

/** A mail in hand. */
export interface Letter {
  readonly delivery: Delivery;
  readonly mail: Mail;
}

export interface FeedOptions {
  readonly bus: Bus;
  readonly wire: Wire;
  readonly role: Role;
  readonly partition: number;
  /** Most letters in hand at once; also the bound of each mailbox. */
  readonly capacity: number;
  readonly create: () => Behaviour<Mail>;
  readonly emit: (event: HostEvent) => void;
  /** Buries a mail for good; resolves once it is in the dead-letter stream. */
  readonly bury: (grave: Grave) => Promise<void>;
}

export interface Grave {
  readonly role: Role;
  readonly delivery: Delivery;
  readonly refusal: Refusal;
}

/** How often a mail may kill its actor, or its host, before it is buried. */
export const MAX_TRIES = 5;
const BACKOFF_MS = { first: 50, most: 2_000 };
const LATER_MS = 1_000;

/** The actors of one role in one partition of symbols: takes their mail from the stream, hands each
 * letter to its actor, supervises, and settles every letter with the server. */
export class Feed {
  readonly #options: FeedOptions;
  readonly #pull: PinnedPull;
  readonly #cells = new Map<string, Cell<Letter>>();
  /** By place in the stream: a redelivery of what is in hand is not handled twice. */
  readonly #inHand = new Map<number, Delivery>();

  constructor(options: FeedOptions) {
    this.#options = options;
    const { bus, wire, role, partition, capacity, emit } = options;
    this.#pull = new PinnedPull({
      bus,
      stream: wire.streams.MAIL,
      consumer: wire.mailConsumer(role, partition),
      filter: wire.mailFilter(role, partition),
      capacity,
      receive: (delivery) => this.#receive(delivery),
      pinChanged: (pinned) => {
        emit({ type: 'pin', role, partition, pinned });
        // While another host was active it may have answered for the same symbols.
        this.#forgetAll();
      },
      fault: (reason) => emit({ type: 'feed_fault', role, reason }),
    });
  }

  get role(): Role {
    return this.#options.role;
  }

  get partition(): number {
    return this.#options.partition;
  }

  get actors(): number {
    return this.#cells.size;
  }

  get pinned(): boolean {
    return this.#pull.pinned;
  }

  get inHand(): number {
    return this.#inHand.size;
  }

  start(): Promise<void> {
    return this.#pull.start();
  }

  /** Tells the server that the letters in hand are still being worked on. */
  working(): void {
    for (const delivery of this.#inHand.values()) delivery.working();
  }

  /** Puts actors to sleep that had nothing to do for `idleMs`; Postgres remembers for them. */
  passivate(idleMs: number): void {
    for (const [symbol, cell] of this.#cells) {
      if (cell.busy || cell.idleMs < idleMs) continue;
      this.#cells.delete(symbol);
      this.#options.emit({ type: 'passivated', role: this.#options.role, symbol });
    }
  }

  /** Finishes what is being handled, gives the rest back at once, and lets another host take
   * over. */
  async stop(): Promise<void> {
    this.#pull.pause();
    const stopped = await Promise.all([...this.#cells.values()].map((cell) => cell.stop()));
    for (const { delivery } of stopped.flat()) this.#settle(delivery, () => delivery.nak(0));
    await this.#pull.leave();
  }

  #receive(delivery: Delivery): void {
    const { role, emit } = this.#options;
    if (delivery.deliveries > 1) {
      emit({ type: 'redelivered', role, deliveries: delivery.deliveries });
    }
    if (this.#inHand.has(delivery.seq)) return this.#pull.release();
    this.#inHand.set(delivery.seq, delivery);
    try {
      if (delivery.deliveries > MAX_TRIES) throw new Refusal('failed', 'deliveries');
      const mail = this.#read(delivery);
      this.#cell(mail.symbol).post({ delivery, mail });
    } catch (error) {
      this.#giveUp(delivery, error);
    }
  }

  #read(delivery: Delivery): Mail {
    const { wire, role } = this.#options;
    if (delivery.sentByServer) throw new Refusal('wire_mismatch', 'sender');
    const address = wire.parseMail(delivery.subject);
    const mail = decodeMail(delivery.bytes);
    if (mail.to !== role) throw new Refusal('wire_mismatch', 'to');
    if (mail.symbol !== address.symbol) throw new Refusal('wire_mismatch', 'symbol');
    return mail;
  }

  #cell(symbol: string): Cell<Letter> {
    const known = this.#cells.get(symbol);
    if (known) return known;
    const { role, capacity, create, emit } = this.#options;
    const cell = new Cell<Letter>({
      capacity,
      create: () => {
        const behaviour = create();
        return { receive: ({ mail }) => behaviour.receive(mail) };
      },
      done: ({ delivery }) => this.#settle(delivery, () => delivery.ack()),
      failed: (letter, error, tries) => this.#supervise(letter, error, tries),
    });
    this.#cells.set(symbol, cell);
    emit({ type: 'activated', role, symbol });
    return cell;
  }

  #supervise({ delivery, mail }: Letter, error: unknown, tries: number): number | null {
    if (error instanceof Unavailable) {
      this.#settle(delivery, () => delivery.nak(LATER_MS));
      return null;
    }
    const total = delivery.deliveries - 1 + tries;
    if (error instanceof Refusal || total >= MAX_TRIES) {
      this.#giveUp(delivery, error);
      return null;
    }
    const { role, emit } = this.#options;
    emit({ type: 'restarted', role, symbol: mail.symbol, tries: total, reason: nameOf(error) });
    return Math.min(BACKOFF_MS.first * 2 ** (tries - 1), BACKOFF_MS.most);
  }

  #giveUp(delivery: Delivery, error: unknown): void {
    const refusal = refusalOf(error);
    const { role, bury } = this.#options;
    bury({ role, delivery, refusal }).then(
      () => this.#settle(delivery, () => delivery.term(refusal.code)),
      // Not buried: it comes again and is buried then.
      () => this.#settle(delivery, () => delivery.nak(LATER_MS)),
    );
  }

  #settle(delivery: Delivery, tell: () => void): void {
    if (!this.#inHand.delete(delivery.seq)) return;
    tell();
    this.#pull.release();
  }

  #forgetAll(): void {
    for (const cell of this.#cells.values()) cell.forget();
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof WireError) return new Refusal(error.code, error.field);
  if (error instanceof SubjectError) return new Refusal('wire_mismatch', 'subject');
  return new Refusal('failed', nameOf(error));
}

/** The kind of fault alone: an error's text may repeat what the mail said. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
