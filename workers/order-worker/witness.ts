import { setTimeout as sleep } from 'node:timers/promises';
import { type OrderDependencies } from '../../activities/orders.ts';
import { Sweeper, type SweepReport, takeExecution } from '../../activities/orders-late.ts';
import type { Bus } from '../../adapters/bus/connect.ts';
import { isSentByServer } from '../../adapters/bus/origin.ts';
import { WireError } from '../../proto/errors.ts';
import type { Wire } from '../../proto/subjects.ts';
import { EXECUTION_CODEC } from '../../proto/venue.ts';
import type { Execution } from '../../proto/venue-messages.ts';

export interface WitnessOptions {
  /** How long the answer to our own question has the first word, milliseconds. */
  readonly patienceMs?: number;
  /** From the end of one sweep to the next, milliseconds. */
  readonly sweepEveryMs?: number;
}

export interface Witness {
  facts(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 1_500;
const SWEEP_EVERY_MS = 5_000;
/** News kept in hand; what does not fit the queries and the sweep find. */
const MOST_WAITING = 10_000;
/** Tries to book one piece of news while the database is away. */
const MAX_TRIES = 5;
/** How far back the first sweep of a process looks, and the later ones. */
const FIRST_LOOK_MS = 86_400_000;
const LATER_LOOK_MS = 600_000;
const QUIET_MS = 5_000;
const LATE_MS = 120_000;

/** The second witness of every order: what the venue's user stream tells is taken down after our
 * own questions had their time, and a sweep finishes what is left undone. Without either the order
 * path works too; with them nothing stays unbooked when its worker died for good. */
export function startWitness(
  { bus, wire }: { readonly bus: Bus; readonly wire: Wire },
  dependencies: OrderDependencies,
  options: WitnessOptions = {},
): Witness {
  const { log } = dependencies;
  const ended = new AbortController();
  const counts = { heard: 0, taken: 0, dropped: 0, malformed: 0, settled: 0, late: 0, left: 0 };
  const waiting = new Set<Promise<void>>();
  const hear = (bytes: Uint8Array): void => {
    counts.heard += 1;
    const execution = decoded(bytes);
    if (execution === null) {
      counts.malformed += 1;
      return;
    }
    if (waiting.size >= MOST_WAITING) {
      counts.dropped += 1;
      return;
    }
    const work = take(dependencies, execution, {
      waitMs: options.patienceMs ?? PATIENCE_MS,
      signal: ended.signal,
    }).then((taken) => {
      if (taken) counts.taken += 1;
    });
    waiting.add(work);
    void work.finally(() => waiting.delete(work));
  };
  const subscription = bus.connection.subscribe(wire.executionsFilter(), {
    callback: (error, message) => {
      if (error) log.warn({ err: error }, 'the user stream cannot be heard');
      else if (!isSentByServer(message)) hear(message.data);
    },
  });
  const sweeping = sweepOn(dependencies, {
    signal: ended.signal,
    everyMs: options.sweepEveryMs ?? SWEEP_EVERY_MS,
    tell: ({ settled, late, left }) => {
      counts.left = left;
      counts.settled += settled;
      counts.late += late;
    },
  });
  return {
    facts: () => ({ ...counts, waiting: waiting.size }),
    stop: async () => {
      ended.abort();
      if (!subscription.isClosed()) subscription.unsubscribe();
      await Promise.all([sweeping, ...waiting]);
    },
  };
}

async function take(
  dependencies: OrderDependencies,
  execution: Execution,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    await sleep(waitMs * tries, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
    try {
      return await takeExecution(dependencies, execution);
    } catch (err) {
      dependencies.log.warn({ err, tries }, 'news of an order could not be taken down');
    }
  }
  return false;
}

async function sweepOn(
  dependencies: OrderDependencies,
  given: {
    readonly signal: AbortSignal;
    readonly everyMs: number;
    readonly tell: (report: SweepReport) => void;
  },
): Promise<void> {
  const { signal, everyMs, tell } = given;
  const sweeper = new Sweeper(dependencies);
  let withinMs = FIRST_LOOK_MS;
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const report = await sweeper.sweep({ withinMs, quietMs: QUIET_MS, lateMs: LATE_MS });
      tell(report);
      if (report.failed === 0) withinMs = LATER_LOOK_MS;
    } catch (err) {
      dependencies.log.warn({ err }, 'a sweep failed');
    }
  }
}

function decoded(bytes: Uint8Array): Execution | null {
  try {
    return EXECUTION_CODEC.decode(bytes);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
