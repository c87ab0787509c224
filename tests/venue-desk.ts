import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest';
import { type Bus, connectBus } from '../adapters/bus/connect.ts';
import { ensureStreams } from '../adapters/bus/streams.ts';
import { venueClient } from '../adapters/venue/client.ts';
import type { NewOrder, VenuePort } from '../adapters/venue/port.ts';
import { type Wire, wire } from '../proto/subjects.ts';
import {
  type Gateway,
  type GatewayOptions,
  startVenueGateway,
} from '../workers/venue-gateway/gateway.ts';
import { openTestDatabase, type TestDatabase, testNamespace } from './support/servers.ts';
import { ACCOUNT, type Floor, openFloor, SECRET, SYMBOL, silent } from './venue-floor.ts';

/** A gateway on the run's NATS and Postgres before a paper venue of its own, new for every test. */
export interface Desk {
  database: TestDatabase;
  floor: Floor;
  bus: Bus;
  names: Wire;
  gateway: Gateway;
  port: VenuePort;
}

export const key = { account: ACCOUNT, symbol: SYMBOL, clientOrderId: 'c-1' };

/** Registers the hooks that open and close the desk of the describe block it is called in. */
export function withDesk(options: Partial<GatewayOptions> = {}): Desk {
  const desk = {} as Desk;

  beforeAll(async () => {
    desk.database = await openTestDatabase();
  });

  afterAll(() => desk.database.drop());

  beforeEach(async () => {
    desk.floor = await openFloor();
    desk.names = wire(testNamespace());
    desk.bus = await connectBus({ url: inject('servers').natsUrl, name: 'venue test' });
    await ensureStreams(desk.bus, desk.names, { replicas: 1, storage: 'file' });
    desk.gateway = openGateway(desk, options);
    await desk.gateway.ready();
    desk.port = venueClient(desk.bus, desk.names, { venue: 'paper', questionTimeoutMs: 20_000 });
    await holdLease(desk, { epoch: '7', minutes: 10 });
  });

  afterEach(async () => {
    const { gateway, bus, names, floor } = desk;
    await gateway.close();
    for (const stream of Object.values(names.streams)) await bus.manager.streams.delete(stream);
    await bus.close();
    await floor.close();
  });

  return desk;
}

/** A gateway before the desk's venue; the desk closes its own. */
export function openGateway(desk: Desk, options: Partial<GatewayOptions> = {}): Gateway {
  return startVenueGateway({
    venue: 'paper',
    paperUrl: desk.floor.server.url,
    paperSecret: SECRET,
    exchangeUrls: { binance: desk.floor.server.url },
    timeoutMs: 2_500,
    wire: desk.names,
    db: desk.database.db,
    log: silent,
    bus: desk.bus,
    ...options,
  });
}

/** Lines of the venue's log of one type. */
export async function logged(
  { floor }: Desk,
  type: string,
): Promise<readonly Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  for await (const line of floor.control.log()) if (line['type'] === type) lines.push(line);
  return lines;
}

/** Writes the lease of `order`; minutes below zero: it ran out. */
export async function holdLease(
  { database }: Desk,
  { epoch, minutes }: { readonly epoch: string; readonly minutes: number },
): Promise<void> {
  const expires = new Date(Date.now() + minutes * 60_000);
  const row = { name: 'leg-1', holder: 'test', epoch, expires_at: expires };
  await database.db
    .insertInto('leases')
    .values(row)
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

export function order(change: Partial<NewOrder> = {}): NewOrder {
  return {
    ...key,
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'IOC',
    quantity: '0.1',
    limitPrice: '50010',
    stopPrice: null,
    lease: { name: 'leg-1', epoch: '7' },
    ...change,
  };
}

export async function nothingArrived({ port }: Desk): Promise<void> {
  expect(await port.trades({ account: ACCOUNT, symbol: SYMBOL })).toEqual([]);
  expect(await port.queryOrder(key)).toMatchObject({ found: false });
}

/** A text that matches, inside a larger expectation. */
export function like(pattern: RegExp): string {
  return expect.stringMatching(pattern) as string;
}
