import { type Msg, nanos, type Subscription } from '@nats-io/transport-node';
import type { Bus } from './connect.ts';
import { type Delivery, deliveryFrom } from './delivery.ts';
import { ensureMailbox, PIN_GROUP } from './mailboxes.ts';
import { fieldsOf } from './origin.ts';

/** Takes mail from one durable consumer of which one client in the cluster is active at a time (the
 * server's `pinned_client` policy); another takes over by itself when that one stops asking.
 *
 * The library's `consume()` can do pinned pulls, but after a lost pin it waits for two missed
 * heartbeats before it asks again, and it asks for more while earlier mail is unhandled. This loop
 * has one request out at a time, for exactly the free places, and asks again at once. */

export interface PinnedOptions {
  readonly bus: Bus;
  readonly stream: string;
  readonly consumer: string;
  readonly filter: string;
  /** Most deliveries held at once. */
  readonly capacity: number;
  readonly receive: (delivery: Delivery) => void;
  /** This client became the active one, or stopped being it. What it knows of the partition may
   * be out of date from then on. */
  readonly pinChanged: (pinned: boolean) => void;
  readonly fault: (reason: string) => void;
}

/** A request lives this long, well below the pin's life, so an idle client keeps its pin. */
const PULL_EXPIRES_MS = 1_000;
/** Without any answer after this much more the request is taken for lost. */
const PULL_GRACE_MS = 1_000;
const RETRY_MS = 250;
const PIN_HEADER = 'Nats-Pin-Id';

/** What a status message says about the request. */
const STATUS = { heartbeat: 100, nothing: 404, expired: 408, pinLost: 423 } as const;
const USUAL: readonly number[] = [STATUS.nothing, STATUS.expired, STATUS.pinLost];

export class PinnedPull {
  readonly #options: PinnedOptions;
  readonly #inbox: string;
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | undefined;
  #pin = '';
  #serial = 0;
  /** Places asked for and not yet filled; 0: no request is out. */
  #asked = 0;
  #held = 0;
  #running = false;

  constructor(options: PinnedOptions) {
    this.#options = options;
    this.#inbox = options.bus.inbox();
  }

  get pinned(): boolean {
    return this.#pin !== '';
  }

  /** Creates the consumer where it is missing, and starts asking. */
  async start(): Promise<void> {
    await this.#ensureConsumer();
    this.#running = true;
    this.#subscription = this.#options.bus.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#hear(message);
      },
    });
    this.#pull();
  }

  /** A delivery was settled: its place is free. */
  release(): void {
    this.#held -= 1;
    if (this.#asked === 0) this.#pull();
  }

  /** Stops asking. Deliveries that are held may still be settled; `leave` then lets others take
   * over. */
  pause(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Gives the pin back so that another host need not wait for it to run out. */
  async leave(): Promise<void> {
    this.pause();
    this.#subscription?.unsubscribe();
    const { bus, stream, consumer } = this.#options;
    const { consumers } = bus.manager;
    if (!bus.link.up || bus.connection.isClosed()) return;
    // The server would give the pin to our last request before it sees that nobody waits behind it,
    // and the next mail would lie until that pin runs out. Asking for the state clears such
    // requests.
    await bus.link.guard(consumers.info(stream, consumer)).catch(() => undefined);
    if (!this.pinned) return;
    await bus.link.guard(consumers.unpin(stream, consumer, PIN_GROUP)).catch(() => undefined);
    this.#pin = '';
  }

  #pull(): void {
    const { bus, stream, consumer, capacity } = this.#options;
    const free = capacity - this.#held;
    if (!this.#running || free <= 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pull(), PULL_EXPIRES_MS + PULL_GRACE_MS);
    // Requests would pile up in the client's buffer while the server is away.
    if (!bus.link.up || bus.connection.isClosed()) return;
    this.#serial += 1;
    this.#asked = free;
    const request = {
      batch: free,
      expires: nanos(PULL_EXPIRES_MS),
      group: PIN_GROUP,
      ...(this.pinned ? { id: this.#pin } : {}),
    };
    bus.connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      JSON.stringify(request),
      { reply: `${this.#inbox}.${this.#serial}` },
    );
  }

  #hear(message: Msg): void {
    const delivery = deliveryFrom(message);
    if (delivery) return this.#take(delivery, fieldsOf(message).last(PIN_HEADER));
    // A status names its request by subject; those of earlier requests no longer matter.
    if (message.subject !== `${this.#inbox}.${this.#serial}`) return;
    const fields = fieldsOf(message);
    const { code } = fields;
    if (code === STATUS.heartbeat) return;
    this.#asked = 0;
    if (code === STATUS.pinLost) this.#repin('');
    if (!USUAL.includes(code)) {
      this.#options.fault(`${code} ${fields.description}`.trim());
      return this.#recover();
    }
    this.#pull();
  }

  #take(delivery: Delivery, pin: string): void {
    if (pin !== this.#pin) this.#repin(pin);
    this.#held += 1;
    this.#asked = Math.max(0, this.#asked - 1);
    this.#options.receive(delivery);
    if (this.#asked === 0) this.#pull();
  }

  #repin(pin: string): void {
    if (pin === this.#pin) return;
    this.#pin = pin;
    this.#options.pinChanged(pin !== '');
  }

  /** JetStream is starting, or the consumer is gone with its state: make sure of it, then go on. */
  #recover(): void {
    clearTimeout(this.#timer);
    if (!this.#running) return;
    this.#timer = setTimeout(() => {
      this.#ensureConsumer().then(
        () => this.#pull(),
        (error: unknown) => {
          this.#options.fault(error instanceof Error ? error.message : String(error));
          this.#recover();
        },
      );
    }, RETRY_MS);
  }

  #ensureConsumer(): Promise<void> {
    const { bus, stream, consumer, filter, capacity } = this.#options;
    return ensureMailbox(bus, { stream, consumer, filter, capacity });
  }
}
