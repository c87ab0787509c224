import type { OrderEnd } from '../../../core/orders/leg.ts';
import type { Random } from '../../../core/random.ts';
import { type Ending, type Mishap, type Program, spawn, VirtualClock, within } from './clock.ts';
import { type NewOrderReply, SimulatedVenue } from './venue.ts';

/** What the network and the processes may do to one order, and how often. */
export const MISHAPS = [
  'request_lost',
  'request_late',
  'reply_lost',
  'reply_late',
  'server_error_before',
  'server_error_after',
  'process_killed',
  'process_frozen',
] as const;
export type MishapName = (typeof MISHAPS)[number];

const CHANCES = {
  request_lost: 0.03,
  request_late: 0.03,
  reply_lost: 0.04,
  reply_late: 0.03,
  server_error_before: 0.02,
  server_error_after: 0.02,
} as const satisfies Partial<Record<MishapName, number>>;
const CHANCE_A_STEP = { killed: 0.01, frozen: 0.01 } as const;
/** Processes of one order that come to grief at most: the last one gets through. */
const MOST_GRIEF = 3;

/** How long any client waits for a reply. */
export const CLIENT_TIMEOUT_MS = 8_000;
/** After this Temporal gives up a worker that does not beat. */
export const HEARTBEAT_MS = 5_000;
const FROZEN_MS = [1_000, 60_000] as const;

/** No answer, or an answer that proves nothing. */
export type Silence = 'silence';

/** The world of one order: its own time, venue, network and books, and whatever goes wrong. */
export class World {
  readonly clock = new VirtualClock();
  readonly venue: SimulatedVenue;
  /** Fills as Postgres has them, by the venue's id of the trade. */
  readonly fills = new Map<number, number>();
  readonly random: Random;
  readonly happened = new Map<MishapName, number>();
  /** How the leg ended; null while it has not. */
  ended: OrderEnd | null = null;
  /** The sender's clock runs ahead of the venue's by this much, or behind. */
  readonly #skewMs: number;
  #grief = 0;

  constructor(random: Random) {
    this.random = random;
    this.venue = new SimulatedVenue(random);
    this.#skewMs = random.whole(-500, 500);
  }

  /** The sender's clock. */
  get senderMs(): number {
    return this.clock.nowMs + this.#skewMs;
  }

  /** Runs a step of a worker as a process that may die or freeze; undefined when Temporal has given
   * it up. A frozen one wakes later and goes on, whatever happened meanwhile. */
  *step<T>(program: Program<T>, limitMs = HEARTBEAT_MS): Program<T | undefined> {
    return yield* within(this.clock, this.start(program), this.#grief > 0 ? limitMs : 60_000);
  }

  /** Starts a process that may die or freeze. */
  start<T>(program: Program<T>): Ending<T> {
    return spawn(this.clock, program, () => this.#mishap());
  }

  /** One request to the venue and its reply over a network that loses and delays either. */
  *ask<T>(act: (nowMs: number) => T): Program<T | Silence> {
    const { random, clock } = this;
    const startedMs = clock.nowMs;
    const silence = function* (): Program<Silence> {
      yield Math.max(0, startedMs + CLIENT_TIMEOUT_MS - clock.nowMs);
      return 'silence';
    };
    if (this.#befalls('request_lost')) return yield* silence();
    yield random.whole(2, 40);
    if (this.#befalls('server_error_before')) return 'silence';
    const late = this.#befalls('request_late') ? random.whole(500, 20_000) : 0;
    if (late > CLIENT_TIMEOUT_MS - 100) {
      // It arrives all the same, when nobody waits for the answer any more.
      clock.after(late, () => void act(clock.nowMs));
      return yield* silence();
    }
    yield late;
    const answer = act(clock.nowMs);
    if (this.#befalls('server_error_after')) return 'silence';
    if (this.#befalls('reply_lost')) return yield* silence();
    yield random.whole(2, 40);
    if (this.#befalls('reply_late')) yield random.whole(500, 20_000);
    return clock.nowMs - startedMs > CLIENT_TIMEOUT_MS ? 'silence' : answer;
  }

  /** Sends a new order that was signed at `signedAtMs`. */
  send(request: {
    readonly clientOrderId: string;
    readonly quantity: number;
    readonly signedAtMs: number;
  }): Program<NewOrderReply | Silence> {
    return this.ask((nowMs) => this.venue.place(request, nowMs));
  }

  /** Books trades as the database does: each one once, by its id. */
  book(trades: readonly { readonly tradeId: number; readonly quantity: number }[]): number {
    for (const { tradeId, quantity } of trades) this.fills.set(tradeId, quantity);
    return [...this.fills.values()].reduce((sum, quantity) => sum + quantity, 0);
  }

  #befalls(name: keyof typeof CHANCES): boolean {
    return this.random.chance(CHANCES[name]) && this.#note(name);
  }

  #mishap(): Mishap {
    if (this.#grief >= MOST_GRIEF) return 'none';
    if (this.random.chance(CHANCE_A_STEP.killed)) {
      this.#grief += 1;
      this.#note('process_killed');
      return 'killed';
    }
    if (!this.random.chance(CHANCE_A_STEP.frozen)) return 'none';
    this.#grief += 1;
    this.#note('process_frozen');
    return { frozenMs: this.random.whole(...FROZEN_MS) };
  }

  #note(name: MishapName): true {
    this.happened.set(name, (this.happened.get(name) ?? 0) + 1);
    return true;
  }
}
