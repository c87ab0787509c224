import { Random } from '../../../core/random.ts';
import { type Program, spawn } from './clock.ts';
import { blindRetry, queryOnce } from './naive.ts';
import { pursued } from './pursued.ts';
import { World } from './world.ts';

/** Ways to get one order filled. `fenced` is the product's own; the others show what each part of
 * it is for, and that the simulation bites. */
const WAYS = {
  fenced: pursued,
  /** The epoch is raised, but nobody asks for it before sending. */
  unfenced: (world, quantity) => pursued(world, quantity, { fence: false, signsFirst: false }),
  /** A sender that asks for the epoch first, sleeps, and then signs. */
  signed_late: (world, quantity) => pursued(world, quantity, { fence: true, signsFirst: false }),
  query_once: queryOnce,
  blind_retry: blindRetry,
} as const satisfies Record<string, (world: World, quantity: number) => Program<void>>;
export type Way = keyof typeof WAYS;
export const ALL_WAYS = Object.keys(WAYS) as readonly Way[];

export interface Simulated {
  readonly way: Way;
  readonly seed: number;
  readonly orders: number;
  /** Orders the venue accepted beyond one a leg. */
  readonly doubled: number;
  /** Trades the venue made that are not in our books. */
  readonly fillsLost: number;
  /** Trades in our books that the venue did not make, or made otherwise. */
  readonly fillsInvented: number;
  /** Legs that had no end of their own, or that a person is asked about. */
  readonly undecided: number;
  readonly ends: Readonly<Record<string, number>>;
  /** How often each thing went wrong. */
  readonly faults: Readonly<Record<string, number>>;
  /** Numbers of the first legs that came out wrong: `simulateOne` repeats them. */
  readonly wrong: readonly number[];
  readonly seconds: number;
}

const MOST_QUANTITY = 50;
const WRONG_KEPT = 10;

/** Runs so many legs, each in a world of its own, and compares both witnesses after each. */
export function simulate(way: Way, orders: number, seed: number): Simulated {
  const startedAtMs = performance.now();
  const faults: Record<string, number> = {};
  const ends: Record<string, number> = {};
  const wrong: number[] = [];
  const sum = { doubled: 0, fillsLost: 0, fillsInvented: 0, undecided: 0 };
  for (let at = 0; at < orders; at += 1) {
    const world = simulateOne(way, at, seed);
    const found = compare(world);
    sum.doubled += found.doubled;
    sum.fillsLost += found.fillsLost;
    sum.fillsInvented += found.fillsInvented;
    sum.undecided += found.undecided;
    if (Object.values(found).some((count) => count > 0) && wrong.length < WRONG_KEPT)
      wrong.push(at);
    count(ends, world.ended ?? 'nothing', 1);
    for (const [name, times] of world.happened) count(faults, name, times);
    for (const [name, times] of Object.entries(world.venue.lied)) count(faults, name, times);
  }
  const seconds = (performance.now() - startedAtMs) / 1_000;
  return { way, seed, orders, ...sum, ends, faults, wrong, seconds };
}

/** One leg of a campaign, from its first moment until nothing more can happen to it. */
export function simulateOne(way: Way, at: number, seed: number): World {
  const random = new Random(seed, at);
  const world = new World(random);
  spawn(world.clock, WAYS[way](world, random.whole(1, MOST_QUANTITY)));
  world.clock.run();
  return world;
}

function compare(world: World) {
  const trades = world.venue.everyTrade();
  const lost = trades.filter((trade) => !world.fills.has(trade.tradeId));
  const made = new Map(trades.map((trade) => [trade.tradeId, trade.quantity]));
  const invented = [...world.fills].filter(([id, quantity]) => made.get(id) !== quantity);
  return {
    doubled: Math.max(0, world.venue.accepted - 1),
    fillsLost: lost.length,
    fillsInvented: invented.length,
    undecided: world.ended === null || world.ended === 'needs_person' ? 1 : 0,
  };
}

function count(counts: Record<string, number>, name: string, by: number): void {
  if (by > 0) counts[name] = (counts[name] ?? 0) + by;
}
