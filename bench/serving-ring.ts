import type { Kysely } from 'kysely';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { forecaster } from '../adapters/bus/forecaster.ts';
import { foretell } from '../adapters/models/foretell.ts';
import { changeModel } from '../adapters/store/model-changes.ts';
import type { Database } from '../adapters/store/schema.ts';
import { openStore } from '../adapters/store/store.ts';
import type { Reading } from '../core/features/reading.ts';
import type { Market } from '../core/learning/contract.ts';
import { type Wire, wire as wireOf } from '../proto/subjects.ts';
import { type HostPlace, type HostProcess, spawnHost, until } from '../tests/actors-ring.ts';
import type { MadeModel } from '../tests/models-maker.ts';
import { bytesOf, enterModel, promote, variantOf } from '../tests/models-served.ts';
import { percentile } from './statistics.ts';

/** The whole way: who serves this market (Postgres), what they say (NATS, an actor host). A close
 * under load asks a champion and four challengers. */
export interface RingFigures {
  /** One market a request, one request at a time: the request alone. */
  readonly tripP50Ms: number;
  readonly tripP99Ms: number;
  /** Twenty markets in one request. */
  readonly twentyP50Ms: number;
  readonly steady: LoadFigures;
  /** Each new champion was in the shadow first, so the host had it loaded. */
  readonly swapped: LoadFigures;
  /** Each new champion was promoted out of nowhere: the first question for it loads it. */
  readonly surprised: LoadFigures;
}

export interface LoadFigures {
  readonly asked: number;
  readonly failed: number;
  /** Longer than `slowMs`. */
  readonly slow: number;
  readonly slowMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  readonly swaps: number;
}

/** Slow is what takes more than ten times the median of the phase without swaps. */
const SLOW_TIMES = 10;
const ASKERS = 2;
const CHALLENGERS = 4;
const TRIPS = 2_000;
const STEADY_MS = 10_000;
/** From one swap to the next. */
const SWAP_MS = 500;
const PATIENT = { limitMs: 60_000 };
const MARKET: Market = { venue: 'paper', symbol: 'SIMA/USDT', timeframe: '5m' };

export interface RingPlace extends HostPlace {
  readonly askerUrl: string;
}

interface Floor {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly wire: Wire;
  readonly host: HostProcess;
  readonly reading: Reading;
  readonly made: MadeModel;
}

export async function measureRing(
  place: RingPlace,
  made: MadeModel,
  options: { readonly reading: Reading; readonly swaps: number },
): Promise<RingFigures> {
  const store = openStore({ url: place.postgresUrl });
  const bus = await connectBus({ url: place.askerUrl, name: 'bench-serving' });
  const host = await spawnHost({ ...place, roles: 'strategist' });
  const { reading, swaps } = options;
  const floor = { db: store.db, bus, wire: wireOf(place.namespace), host, reading, made };
  try {
    const [first = '', ...hashes] = await enterAll(floor, 1 + 2 * swaps + CHALLENGERS);
    const [shadows, strangers] = [hashes.slice(0, swaps), hashes.slice(swaps, 2 * swaps)];
    await promote(store.db, first, MARKET);
    // The newest four are asked beside the champion, in every phase.
    for (const hash of [...shadows, ...hashes.slice(2 * swaps)]) await toShadow(store.db, hash);
    await untilLoaded(host, 1 + swaps + CHALLENGERS);
    const one = await trips(floor, first, 1);
    const twenty = await trips(floor, first, 20);
    const steady = await underLoad(floor, null, () => pause(STEADY_MS));
    const slowMs = SLOW_TIMES * steady.p50Ms;
    const swapped = await underLoad(floor, slowMs, () => swapAll(floor, shadows));
    const surprised = await underLoad(floor, slowMs, () => swapAll(floor, strangers));
    return {
      tripP50Ms: percentile(one, 0.5),
      tripP99Ms: percentile(one, 0.99),
      twentyP50Ms: percentile(twenty, 0.5),
      steady,
      swapped: { ...swapped, swaps: shadows.length },
      surprised: { ...surprised, swaps: strangers.length },
    };
  } finally {
    await host.kill('SIGTERM');
    await Promise.all([bus.close(), store.close()]);
  }
}

async function enterAll({ db, made }: Floor, count: number): Promise<readonly string[]> {
  const hashes: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const bytes = variantOf(bytesOf(made), `${at}`);
    hashes.push(await enterModel(db, { made, bytes, market: MARKET }));
  }
  return hashes;
}

async function toShadow(db: Kysely<Database>, hash: string): Promise<void> {
  await changeModel(db, { hash, to: 'shadow', reason: 'bench', evidence: {}, by: 'bench' });
}

function untilLoaded(host: HostProcess, count: number): Promise<void> {
  return until(async () => Number((await host.facts())['models']) >= count);
}

/** Milliseconds of each request about so many markets. */
async function trips(floor: Floor, hash: string, markets: number): Promise<readonly number[]> {
  const { bus, wire, reading } = floor;
  const ask = forecaster(bus, wire);
  const champion = { hash, worthBp: 10_000 };
  const asks = Array.from({ length: markets }, (_, at) => {
    return { symbol: `S${at}/USDT`, features: reading.features, champion, challengers: [] };
  });
  const timesMs: number[] = [];
  for (let at = 0; at < TRIPS; at += 1) {
    const startedAt = performance.now();
    await ask(asks, PATIENT);
    if (at >= TRIPS / 10) timesMs.push(performance.now() - startedAt);
  }
  return timesMs;
}

/** Promotes one after the other, while the ring asks. */
async function swapAll({ db }: Floor, hashes: readonly string[]): Promise<void> {
  for (const hash of hashes) {
    await promote(db, hash, MARKET);
    await pause(SWAP_MS);
  }
}

/** Closes are asked about without a pause while `act` goes on; every one needs its champion. */
async function underLoad(
  { db, bus, wire, reading }: Floor,
  slowMs: number | null,
  act: () => Promise<void>,
): Promise<LoadFigures> {
  const forecast = forecaster(bus, wire);
  const { venue, timeframe, symbol } = MARKET;
  const close = { venue, timeframe, questions: [{ symbol, reading }] };
  const timesMs: number[] = [];
  let failed = 0;
  let going = true;
  const askers = Array.from({ length: ASKERS }, async () => {
    while (going) {
      const startedAt = performance.now();
      const told = await foretell({ db, forecast, patience: PATIENT }, close).catch(() => null);
      if (!told?.get(symbol)?.champion) failed += 1;
      timesMs.push(performance.now() - startedAt);
    }
  });
  await act();
  going = false;
  await Promise.all(askers);
  const p50Ms = percentile(timesMs, 0.5);
  const limitMs = slowMs ?? SLOW_TIMES * p50Ms;
  return {
    ...{ asked: timesMs.length, failed, p50Ms, slowMs: limitMs, swaps: 0 },
    slow: timesMs.filter((time) => time > limitMs).length,
    p99Ms: percentile(timesMs, 0.99),
    mostMs: Math.max(...timesMs),
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
