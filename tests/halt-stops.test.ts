/** Failure here means: somebody said stop, and money moved on. Every process is the product's own:
 * order worker, venue gateway and paper venue. The venue's log, with its own clock, is the
 * witness. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { activeHalts, type Halt, liftHalt, placeHalt } from '../adapters/store/halts.ts';
import { listPositions } from '../adapters/store/positions.ts';
import { HALT_LEVELS, type HaltLevel } from '../core/risk/halt.ts';
import { flat, GuardFloor } from './guard-floor.ts';
import { startWorker } from './orders-processes.ts';

const floor = new GuardFloor();
/** Small orders, as many as the machine can make. */
const LIMITS = { maxOrderQuote: '50', maxOrdersPerMinute: 600, cooldownMinutes: 0 };
const PRICE = 50_000;
const LANES = 2;
const EFFECTIVE_WITHIN_MS = 1_000;
/** Orders seen before the halt, and tried under it. */
const ENOUGH = 3;
const WAIT_MS = 180_000;

beforeAll(() => floor.open());
afterAll(() => floor.close());
afterEach(async () => {
  // A test that failed has left its stream flowing.
  await stream?.end();
  for (const { name } of await activeHalts(floor.db)) await lift(name);
});

interface Accepted {
  readonly side: string;
  readonly wallMs: number;
}

/** The trader's orders that the venue has taken, with the time by its clock. */
async function accepted(): Promise<readonly Accepted[]> {
  const found: Accepted[] = [];
  for await (const line of floor.control.log()) {
    if (line['type'] !== 'order') continue;
    const { account, side } = line['order'] as { account: string; side: string };
    if (account === floor.trader.userId) found.push({ side, wallMs: Number(line['wallMs']) });
  }
  return found;
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = Date.now() + WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`${what} must come true within ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function place(level: HaltLevel): Promise<Halt> {
  const words = { reason: 'a test', liftsWhen: 'the test is over', placedBy: 'test' };
  return placeHalt(floor.db, { name: `stop-${level}`, level, automatic: false, ...words });
}

function lift(name: string): Promise<Halt> {
  return liftHalt(floor.db, { name, by: 'test', reason: 'it is over' });
}

interface Tried {
  readonly startedMs: number;
  readonly state: string;
  readonly reason: string;
}

/** Purchases without a pause, until told to end. */
class Stream {
  readonly tried: Tried[] = [];
  readonly #lanes: readonly Promise<void>[];
  #ended = false;

  constructor() {
    this.#lanes = Array.from({ length: LANES }, () => this.#run());
  }

  /** Waits for the orders under way. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#lanes);
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const startedMs = Date.now();
      const order = await floor.start('BUY', PRICE);
      const { state, reason } = await order.result();
      this.tried.push({ startedMs, state, reason });
    }
  }
}

let stream: Stream | null = null;

function streamOfOrders(): Stream {
  stream = new Stream();
  return stream;
}

async function restartEverything(): Promise<void> {
  await Promise.all([floor.worker.kill(), floor.gateway.kill(), floor.paper.kill()]);
  floor.paper = await startWorker('paper-venue', floor.environment);
  floor.gateway = await startWorker('venue-gateway', floor.environment);
  floor.worker = await startWorker('order-worker', floor.environment);
}

// The mildest last: it is the one under which every process is killed.
test.each(HALT_LEVELS.toReversed())(
  '%s - placed under a stream of orders, nothing it forbids is accepted a second later',
  async (level) => {
    await floor.meet(LIMITS);
    await floor.minute(flat(PRICE));
    const orders = streamOfOrders();
    await until('orders flow', async () => (await accepted()).length >= ENOUGH);
    const { placedAtMs } = await place(level);
    const underHalt = () => orders.tried.filter(({ startedMs }) => startedMs > placedAtMs);
    await until('orders are tried in vain', () => underHalt().length >= ENOUGH);
    if (level === 'pause') {
      const before = underHalt().length;
      await restartEverything();
      await until('orders are tried again', () => underHalt().length >= before + ENOUGH);
    }
    const effectiveMs = placedAtMs + EFFECTIVE_WITHIN_MS;
    await until('a second has passed', () => Date.now() > effectiveMs + EFFECTIVE_WITHIN_MS);
    await orders.end();
    const forbids = level === 'pause' ? ['BUY', 'SELL'] : ['BUY'];
    expect(underHalt().filter(({ state }) => state !== 'nothing')).toEqual([]);
    expect(underHalt().filter(({ reason }) => !reason.includes(`stop-${level}`))).toEqual([]);
    if (level === 'flatten') {
      await until('everything is sold', async () => {
        const positions = await listPositions(floor.db, { userId: floor.trader.userId });
        return positions.every(({ quantity }) => Number(quantity) < 0.00001);
      });
    }
    const late = (await accepted()).filter(({ wallMs }) => wallMs > effectiveMs);
    expect(late.filter(({ side }) => forbids.includes(side))).toEqual([]);
    await lift(`stop-${level}`);
    expect(await (await floor.start('BUY', PRICE)).result()).toMatchObject({ state: 'filled' });
  },
  600_000,
);
