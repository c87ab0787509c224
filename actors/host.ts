import type { Kysely } from 'kysely';
import { bury } from '../adapters/bus/bury.ts';
import type { Bus } from '../adapters/bus/connect.ts';
import { EventStream } from '../adapters/bus/events.ts';
import { MAILBOX_CAPACITY } from '../adapters/bus/mailboxes.ts';
import { type MicroEndpoint, type MicroService, startMicroService } from '../adapters/bus/micro.ts';
import {
  isPassing,
  NotAcknowledged,
  publishUtterance,
  type SpeechOutcome,
} from '../adapters/bus/publish.ts';
import { ModelShelf } from '../adapters/models/shelf.ts';
import { readBlob } from '../adapters/store/blobs.ts';
import type { Database } from '../adapters/store/schema.ts';
import { servableHashes } from '../adapters/store/served.ts';
import { ROLES, type Role } from '../core/assistants/role.ts';
import { speak as pureSpeak } from '../core/assistants/speak.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import { PARTITIONS, type Wire } from '../proto/subjects.ts';
import { Assistant, type Speak } from './assistant.ts';
import { predictEndpoint } from './predicting.ts';
import { Preloading } from './preloading.ts';
import { count, type HostCounts, type HostEvent, noCounts } from './runtime/events.ts';
import { Feed, type Grave } from './runtime/feed.ts';
import { Journal } from './runtime/journal.ts';
import { Unavailable } from './runtime/refusal.ts';
import { SnapshotShelf } from './runtime/shelf.ts';

export interface HostOptions {
  /** The connection of a role: where the server tells users apart, each has its own. */
  readonly busOf: (role: Role) => Bus;
  readonly wire: Wire;
  readonly db: Kysely<Database>;
  /** Absent: all seven. Several hosts may run the same roles; each mailbox has one active host. */
  readonly roles?: readonly Role[];
  /** Most letters in hand per role and partition: the bound of the mailboxes. */
  readonly capacity?: number;
  /** An actor with nothing to do for this long is put to sleep. */
  readonly idleMs?: number;
  readonly speak?: Speak;
}

export interface HostFacts extends HostCounts {
  readonly roles: readonly Role[];
  readonly actors: number;
  /** Mailbox partitions, over all roles, of which this host is the active one. */
  readonly partitions: number;
  readonly inHand: number;
  /** Models that can answer at once; hosts of the strategist have them. */
  readonly models: number;
}

/** A running host of assistants. */
export interface Host {
  readonly events: EventStream<HostEvent>;
  facts(): HostFacts;
  /** Finishes the letters in hand, gives back the rest, and hands its partitions over. */
  stop(): Promise<void>;
}

const VERSION = '1.0.0';
const IDLE_MS = 10 * 60_000;
/** Well within the time after which the server would deliver a mail again. */
const WORKING_MS = 700;
const SAY_MS = 30_000;
const BURY_MS = 10_000;
/** How long a stopping host waits for Postgres before it leaves the rest to its successor. */
const STOP_GRACE_MS = 3_000;

/** Starts the assistants of one process on streams that `ensureStreams` has made. */
export async function startHost(options: HostOptions): Promise<Host> {
  const host = new ActorHost(options);
  await host.start();
  return host;
}

interface RoleWork {
  readonly counts: HostCounts;
  processingNs: number;
}

class ActorHost implements Host {
  readonly events = new EventStream<HostEvent>();
  readonly #options: HostOptions;
  readonly #roles: readonly Role[];
  readonly #feeds: readonly Feed[];
  readonly #work: ReadonlyMap<Role, RoleWork>;
  readonly #shelf = new SnapshotShelf();
  readonly #models: ModelShelf;
  readonly #preloading: Preloading;
  readonly #stopping = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #services: readonly MicroService[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
    this.#roles = ROLES.filter((role) => (options.roles ?? ROLES).includes(role));
    this.#work = new Map(
      this.#roles.map((role) => [role, { counts: noCounts(), processingNs: 0 }]),
    );
    this.events.on((event) => this.#note(event));
    const journal = new Journal({
      db: options.db,
      unavailable: this.#unavailable,
      signal: this.#stopping.signal,
    });
    const { db } = options;
    const emit = (event: HostEvent): void => this.events.emit(event);
    this.#models = new ModelShelf({ read: (hash) => readBlob(db, hash), emit });
    this.#preloading = new Preloading({
      shelf: this.#models,
      list: (most) => servableHashes(db, most),
      unavailable: this.#unavailable,
    });
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    this.#feeds = this.#roles.flatMap((role) =>
      partitions.map((partition) => this.#feed(role, partition, journal)),
    );
  }

  async start(): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.start()));
    const { busOf, idleMs = IDLE_MS } = this.#options;
    const every = (milliseconds: number, act: (feed: Feed) => void): void => {
      this.#timers.push(setInterval(() => this.#feeds.forEach(act), milliseconds));
    };
    every(WORKING_MS, (feed) => {
      if (busOf(feed.role).link.up) feed.working();
    });
    every(Math.max(50, idleMs / 4), (feed) => feed.passivate(idleMs));
    this.#services = this.#roles.map((role) => this.#service(role));
    if (this.#roles.includes('strategist')) this.#preloading.start();
  }

  facts(): HostFacts {
    const sum = (pick: (feed: Feed) => number): number =>
      this.#feeds.reduce((total, feed) => total + pick(feed), 0);
    return {
      roles: this.#roles,
      actors: sum((feed) => feed.actors),
      partitions: sum((feed) => Number(feed.pinned)),
      inHand: sum((feed) => feed.inHand),
      models: this.#models.hashes.length,
      ...totalOf([...this.#work.values()].map(({ counts }) => counts)),
    };
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const service of this.#services) service.stop();
    this.#preloading.stop();
    const impatience = setTimeout(() => this.#stopping.abort(), STOP_GRACE_MS);
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
    clearTimeout(impatience);
    await this.#models.close();
  }

  readonly #unavailable = (reason: string): void => {
    this.events.emit({ type: 'store_unavailable', reason });
  };

  #feed(role: Role, partition: number, journal: Journal): Feed {
    const { busOf, wire, capacity = MAILBOX_CAPACITY, speak = pureSpeak } = this.#options;
    const emit = (event: HostEvent): void => this.events.emit(event);
    const say = (utterance: Utterance): Promise<SpeechOutcome> => this.#say(utterance);
    return new Feed({
      bus: busOf(role),
      wire,
      role,
      partition,
      capacity,
      emit,
      create: () => new Assistant({ role, journal, shelf: this.#shelf, speak, say, emit }),
      bury: (grave) => this.#bury(grave),
    });
  }

  async #say(utterance: Utterance): Promise<SpeechOutcome> {
    const { busOf, wire } = this.#options;
    const { signal } = this.#stopping;
    const bus = busOf(utterance.role);
    try {
      return await publishUtterance(bus, wire, { utterance, deadlineMs: SAY_MS, signal });
    } catch (error) {
      if (!(error instanceof NotAcknowledged) && !isPassing(error)) throw error;
      throw new Unavailable('the transcript cannot be written for now', { cause: error });
    }
  }

  async #bury({ role, delivery, refusal }: Grave): Promise<void> {
    const { busOf, wire } = this.#options;
    const { subject, bytes, deliveries } = delivery;
    const { code, field } = refusal;
    const corpse = { origin: role, subject, bytes, code, field, deliveries };
    const contentHash = await bury(busOf(role), wire, { corpse, deadlineMs: BURY_MS });
    this.events.emit({ type: 'dead_letter', role, code, field, contentHash });
  }

  #service(role: Role): MicroService {
    const { busOf, wire } = this.#options;
    const work = this.#work.get(role) as RoleWork;
    const status = (): Uint8Array =>
      new TextEncoder().encode(JSON.stringify(this.#roleFacts(role)));
    return startMicroService(busOf(role), {
      name: wire.assistantService(role),
      version: VERSION,
      description: `The ${role.replace('_', ' ')} of the ring`,
      endpoints: [
        { name: 'status', subject: wire.assistant(role, 'status'), handle: status },
        ...(role === 'strategist' ? [this.#predicting()] : []),
      ],
      observed: [
        {
          name: 'mail',
          subject: `${wire.namespace}.mail.${role}.>`,
          stats: () => ({
            requests: work.counts.answered + work.counts.repeated,
            errors: work.counts.deadLetters + work.counts.restarted,
            lastError: '',
            processingNs: work.processingNs,
          }),
        },
      ],
    });
  }

  #predicting(): MicroEndpoint {
    const { wire } = this.#options;
    return predictEndpoint({ wire, shelf: this.#models, unavailable: this.#unavailable });
  }

  #roleFacts(role: Role): Record<string, unknown> {
    const feeds = this.#feeds.filter((feed) => feed.role === role);
    return {
      role,
      partitions: feeds.filter((feed) => feed.pinned).map((feed) => feed.partition),
      actors: feeds.reduce((total, feed) => total + feed.actors, 0),
      ...this.#work.get(role)?.counts,
    };
  }

  #note(event: HostEvent): void {
    if (!('role' in event)) return;
    const work = this.#work.get(event.role);
    if (!work) return;
    count(work.counts, event);
    if (event.type === 'answered') work.processingNs += Math.round(event.tookMs * 1e6);
  }
}

function totalOf(parts: readonly HostCounts[]): HostCounts {
  const total = noCounts();
  for (const part of parts) {
    for (const name of Object.keys(total) as (keyof HostCounts)[]) total[name] += part[name];
  }
  return total;
}
