import { setTimeout as sleep } from 'node:timers/promises';
import { activeHalts, liftHalt } from '../../adapters/store/halts.ts';
import { Random } from '../../core/random.ts';
import { Connections } from '../cli/connections.ts';
import type { Screen } from '../cli/screen.ts';
import { patiently } from '../ring/patience.ts';
import { Arena, until } from './arena.ts';
import { type Books, examine } from './books.ts';
import { Eyes, type Progress } from './eyes.ts';
import type { Fault } from './fault.ts';
import { fundUsers, Gate, Load } from './load.ts';
import type { Suffered } from './report.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** Ends after the fault during which this is reached; null: after so many rounds of them. */
  readonly limitMs: number | null;
  readonly rounds: number;
  /** One fault after the other without waiting until the ring is quiet; the books are judged after
   * every so many rounds. Only for faults that end an order worker. Null: after each fault. */
  readonly roundsABatch: number | null;
  /** Longest a process is frozen, a line cut or the venue made to lie. */
  readonly longestMs: number;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  /** Keeps the home however it ends. */
  readonly keep: boolean;
}

export interface CampaignResult {
  readonly ended: 'done' | 'interrupted' | 'failed';
  /** Why it failed, first things first. */
  readonly failures: readonly string[];
  readonly suffered: readonly Suffered[];
  readonly skipped: readonly { readonly fault: string; readonly why: string }[];
  /** As the books stood when they were looked at last. */
  readonly books: Books | null;
  readonly closes: number;
  readonly driverRestarts: number;
  /** Automatic halts that stopped trading on the way, by name; they were lifted again. */
  readonly halts: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Null when it was thrown away. */
  readonly home: string | null;
}

/** A ring that has not decided anything for so long, or has an order under way for so long, after
 * the fault is over, has not recovered. */
const RECOVERY_LIMIT_MS = 180_000;
/** A fault comes this long after the market moves again: in the middle of something, each time of
 * something else. */
const BEFORE_FAULT_MS = [200, 2_500] as const;
/** More people where kills follow one another: while one's order is asked about, others trade. */
const CROWD = 8;
const NO_HARM: Suffered['harm'] = {
  decisionsLost: 0,
  ordersDoubled: 0,
  fillsLost: 0,
  ledgerDifferences: 0,
  violations: 0,
};

/** One campaign against a stack of its own, under load, one fault at a time. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #random: Random;
  readonly #gate = new Gate();
  readonly #suffered: Suffered[] = [];
  readonly #skipped: { fault: string; why: string }[] = [];
  readonly #failures: string[] = [];
  readonly #halts: Record<string, number> = {};
  readonly #ended = new AbortController();
  #arena!: Arena;
  #eyes!: Eyes;
  #load!: Load;
  #books: Books | null = null;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#random = new Random(options.seed, 'faults');
  }

  async run(): Promise<CampaignResult> {
    const { signal, screen, seed } = this.#options;
    const startedAtMs = performance.now();
    screen.line('Starting a stack to be ill-treated, in a home of its own');
    this.#arena = await Arena.open({ namespace: 'corro', volume: true });
    const { state, home } = this.#arena;
    this.#eyes = new Eyes({ postgresUrl: state.addresses.postgresUrl, home });
    const stop = AbortSignal.any([signal, this.#ended.signal]);
    let ended: CampaignResult['ended'] = 'done';
    try {
      await this.#fundUsers();
      this.#load = new Load({ state, seed, gate: this.#gate, signal: stop, screen });
      await this.#suffer();
    } catch (error) {
      if (!signal.aborted) this.#failures.push(reasonOf(error));
    } finally {
      if (signal.aborted) ended = 'interrupted';
      else if (this.#failures.length > 0) ended = 'failed';
      await this.#close(ended);
    }
    const seconds = (performance.now() - startedAtMs) / 1_000;
    return this.#result(ended, seconds);
  }

  async #suffer(): Promise<void> {
    const { limitMs, rounds, screen } = this.#options;
    const startedAtMs = performance.now();
    screen.line('  the market moves; waiting for the first orders');
    await until('the first order', this.#patience, async () => {
      this.#load.assertRunning();
      return (await this.#eyes.compare()).venueOrders > 0;
    });
    if (this.#options.roundsABatch !== null) return this.#batches(this.#options.roundsABatch);
    for (let round = 1; limitMs !== null || round <= rounds; round += 1) {
      for (const fault of this.#random.shuffled(this.#options.faults)) {
        const over = limitMs !== null && performance.now() - startedAtMs > limitMs;
        if (over || this.#failures.length > 0) return;
        await this.#one(fault);
      }
    }
  }

  async #one(fault: Fault): Promise<void> {
    const { signal, screen, longestMs } = this.#options;
    const unable = fault.unable(this.#arena);
    if (unable !== null) return this.#skip(fault, unable);
    this.#gate.open();
    await sleep(this.#random.whole(...BEFORE_FAULT_MS), undefined, { signal });
    screen.status(`  ${fault.name} …`);
    const context = { arena: this.#arena, random: this.#random, signal, longestMs };
    const { detail, afterwards } = await fault.inflict(context);
    const recoveryMs = await this.#recover();
    await this.#quiet();
    const { books, faults } = await examine(this.#arena.state, this.#eyes);
    const apart = (await afterwards?.()) ?? [];
    const failures = [...faults, ...apart];
    this.#suffered.push({ fault, detail, recoveryMs, harm: harmOf(this.#books, books) });
    this.#books = books;
    this.#failures.push(...failures.map((text) => `after ${fault.name}: ${text}`));
    const count = String(this.#suffered.length).padStart(4);
    const well = failures.length === 0 ? 'books sound' : `${failures.length} FAULTS`;
    const back = `back after ${(recoveryMs / 1_000).toFixed(1)} s`;
    screen.line(`${count}  ${fault.name.padEnd(24)} ${detail}; ${back}; ${well}`);
    await this.#liftHalts();
  }

  async #batches(roundsABatch: number): Promise<void> {
    const { rounds, faults } = this.#options;
    for (let done = 0; done < rounds && this.#failures.length === 0; done += roundsABatch) {
      const now = Math.min(roundsABatch, rounds - done);
      const shuffled = Array.from({ length: now }, () => this.#random.shuffled(faults));
      await this.#batch(shuffled.flat());
    }
  }

  /** Kills while the orders of earlier kills are still asked about: each has its own recovery, and
   * all share one look at the books. Harm that it finds is counted at the last of them. */
  async #batch(faults: readonly Fault[]): Promise<void> {
    const { signal, screen, longestMs } = this.#options;
    const struck: { fault: Fault; detail: string; recovery: Promise<number> }[] = [];
    this.#gate.open();
    for (const fault of faults) {
      await until('an order worker', this.#patience, () => runs(this.#arena, 'order-worker'));
      screen.status(`  ${fault.name} …`);
      const context = { arena: this.#arena, random: this.#random, signal, longestMs };
      const { detail } = await fault.inflict(context);
      const recovery = this.#recover(({ ended }) => ended);
      // Awaited below, all together: until then a failure is nobody's.
      recovery.catch(() => undefined);
      struck.push({ fault, detail, recovery });
    }
    const recoveries = await Promise.all(struck.map(({ recovery }) => recovery));
    await this.#quiet();
    const { books, faults: failures } = await examine(this.#arena.state, this.#eyes);
    const harm = harmOf(this.#books, books);
    for (const [place, { fault, detail }] of struck.entries()) {
      const recoveryMs = recoveries[place] ?? 0;
      const own = place === struck.length - 1 ? harm : NO_HARM;
      this.#suffered.push({ fault, detail, recoveryMs, harm: own });
    }
    this.#books = books;
    const upTo = `${this.#suffered.length - struck.length + 1} to ${this.#suffered.length}`;
    this.#failures.push(...failures.map((text) => `after kills ${upTo}: ${text}`));
    const well = failures.length === 0 ? 'books sound' : `${failures.length} FAULTS`;
    const slowest = (Math.max(...recoveries) / 1_000).toFixed(1);
    screen.line(`  kills ${upTo}; back after ${slowest} s at most; ${well}`);
    await this.#liftHalts();
  }

  #skip({ name }: Fault, why: string): void {
    if (this.#skipped.some((one) => one.fault === name)) return;
    this.#skipped.push({ fault: name, why });
    this.#options.screen.line(`      ${name.padEnd(24)} left out: ${why}`);
  }

  /** From the end of the harm until there is new work on record, a decision unless said otherwise,
   * and every order that was under way at its end, or when the books could first be read after it,
   * is over. Measured on the clock that never jumps. */
  async #recover(work = ({ decisions }: Progress): number => decisions): Promise<number> {
    const startedAtMs = performance.now();
    let first: Progress | null = null;
    await until('recovery', this.#patience, async () => {
      this.#load.assertRunning();
      const progress = await this.#eyes.progress();
      if (progress === null) return false;
      first ??= progress;
      const { live } = first;
      const settled = !progress.live.some((id) => live.includes(id));
      return settled && work(progress) > work(first);
    });
    return performance.now() - startedAtMs;
  }

  /** Holds the market until nothing is under way: then, and only then, both witnesses must agree to
   * the digit. */
  async #quiet(): Promise<void> {
    const { signal } = this.#options;
    this.#gate.close();
    await this.#arena.healthy(signal);
    await until('the market to stand still', this.#patience, () => {
      this.#load.assertRunning();
      return this.#gate.held;
    });
    await until('every order to be over', this.#patience, async () => {
      const progress = await this.#eyes.progress();
      return progress !== null && progress.live.length === 0;
    });
  }

  get #patience() {
    return { withinMs: RECOVERY_LIMIT_MS, signal: this.#options.signal };
  }

  async #fundUsers(): Promise<void> {
    const connections = new Connections(this.#arena.state);
    try {
      await fundUsers(connections.db, this.#options.roundsABatch === null ? 0 : CROWD);
    } finally {
      await connections.close();
    }
  }

  /** A halt that a fault brought about has done its work; as a person would, the campaign lifts it
   * by its name. One that says that an invariant does not hold is a failure. */
  async #liftHalts(): Promise<void> {
    const connections = new Connections(this.#arena.state);
    const { signal, screen } = this.#options;
    try {
      const { db } = connections;
      for (const { name, automatic, reason } of await patiently('halts', () => activeHalts(db), {
        signal,
      })) {
        if (!automatic) continue;
        if (name.startsWith('violation-')) {
          this.#failures.push(`the checker stopped trading: ${name}: ${reason}`);
          continue;
        }
        this.#halts[name] = (this.#halts[name] ?? 0) + 1;
        await patiently('halts', () => liftHalt(db, { name, by: 'chaos', reason: 'a drill' }), {
          signal,
        });
        screen.line(`      halt ${name} lifted: ${reason}`);
      }
    } finally {
      await connections.close();
    }
  }

  async #close(ended: CampaignResult['ended']): Promise<void> {
    this.#ended.abort();
    this.#gate.open();
    await this.#load?.ended();
    await this.#eyes.close();
    await this.#arena.close(this.#keeps(ended));
  }

  #keeps(ended: CampaignResult['ended']): boolean {
    return this.#options.keep || ended === 'failed';
  }

  #result(ended: CampaignResult['ended'], seconds: number): CampaignResult {
    return {
      ended,
      failures: this.#failures,
      suffered: this.#suffered,
      skipped: this.#skipped,
      books: this.#books,
      closes: this.#load?.closes ?? 0,
      driverRestarts: this.#load?.restarts ?? 0,
      halts: this.#halts,
      seconds,
      home: this.#keeps(ended) ? this.#arena.home : null,
    };
  }
}

function runs({ services }: Arena, name: string): boolean {
  return services.some(({ service, pid }) => service === name && pid !== null);
}

/** What got worse between two looks. */
function harmOf(before: Books | null, now: Books): Suffered['harm'] {
  const more = (pick: (books: Books) => number): number =>
    Math.max(0, pick(now) - (before === null ? 0 : pick(before)));
  return {
    decisionsLost: more((books) => books.decisionsLost),
    ordersDoubled: more((books) => books.ordersDoubled + books.ordersUnknown),
    fillsLost: more((books) => books.fillsLost + books.fillsInvented),
    ledgerDifferences: more((books) => books.ledgerDifferences),
    violations: more((books) => books.violations),
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
