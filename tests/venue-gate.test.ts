import { describe, expect, test } from 'vitest';
import { liftHalt, placeHalt } from '../adapters/store/halts.ts';
import { readHaltRequest, writeHaltReply } from '../proto/halt.ts';
import { FUSE_HALT } from '../workers/venue-gateway/send.ts';
import { key, like, logged, nothingArrived, openGateway, order, withDesk } from './venue-desk.ts';
import { ACCOUNT, SYMBOL, until } from './venue-floor.ts';

/** What stops a new order in the gateway, whatever its sender believes. A failure here means an
 * order that left after somebody, or something, had said stop. */
describe('venue gate', () => {
  describe('halts', () => {
    const desk = withDesk();
    const sale = order({ clientOrderId: 'sale', side: 'SELL', limitPrice: '49000' });
    const halt = {
      name: 'test-halt',
      reason: 'a test',
      automatic: false,
      liftsWhen: 'the test is over',
      placedBy: 'test',
    };

    test.each([
      ['pause', {}, 'refused', 'refused'],
      ['close-only', {}, 'refused', 'accepted'],
      ['cancel', {}, 'refused', 'accepted'],
      ['flatten', {}, 'refused', 'accepted'],
      ['pause', { symbol: SYMBOL }, 'refused', 'refused'],
      ['pause', { symbol: 'ETH/USDT' }, 'accepted', 'accepted'],
    ] as const)('%s %j - a purchase is %s, a sale %s', async (level, scope, buy, sell) => {
      const { db } = desk.database;
      await placeHalt(db, { ...halt, ...scope, level });
      try {
        const bought = await desk.port.newOrder(order());
        expect(bought).toMatchObject({ state: buy });
        if (bought.state === 'refused') expect(bought.why).toContain(`test-halt (${level})`);
        expect(await desk.port.newOrder(sale)).toMatchObject({ state: sell });
      } finally {
        await liftHalt(db, { name: halt.name, by: 'test', reason: 'done' });
      }
      const after = order({ clientOrderId: 'after' });
      expect(await desk.port.newOrder(after)).toMatchObject({ state: 'accepted' });
    });

    test('halt of another user - does not hold', async () => {
      const { db } = desk.database;
      const { id: userId } = await db
        .insertInto('users')
        .values({ username: 'somebody', email: 'some@body.example' })
        .returning('id')
        .executeTakeFirstOrThrow();
      await placeHalt(db, { ...halt, level: 'pause', userId });
      expect(await desk.port.newOrder(order())).toMatchObject({ state: 'accepted' });
      const rich = { depositId: userId, account: userId, deposits: { USDT: '100000' } };
      await desk.floor.control.deposit(rich);
      const own = order({ account: userId, clientOrderId: 'own' });
      expect(await desk.port.newOrder(own)).toMatchObject({
        state: 'refused',
        why: like(/test-halt/),
      });
      await liftHalt(db, { name: halt.name, by: 'test', reason: 'done' });
    });

    test('placed while the order waits at the fence - it does not leave', async () => {
      const { db } = desk.database;
      await desk.port.queryOrder(key);
      let sent: Promise<unknown> = Promise.resolve();
      await db.transaction().execute(async (trx) => {
        const lease = trx.updateTable('leases').set({ epoch: '8' }).where('name', '=', 'leg-1');
        await lease.execute();
        sent = desk.port.newOrder(order());
        await placeHalt(db, { ...halt, level: 'pause' });
      });
      expect(await sent).toMatchObject({ state: 'refused' });
      await liftHalt(db, { name: halt.name, by: 'test', reason: 'done' });
      await nothingArrived(desk);
    });
  });

  describe('fuse', () => {
    const desk = withDesk({ ordersPerMinute: 5 });

    test('one order too many - refused, and a halt is asked for until it is placed', async () => {
      const asked: unknown[] = [];
      for (let sent = 0; sent < 5; sent += 1) {
        const one = order({
          clientOrderId: `o-${sent}`,
          timeInForce: 'GTC',
          limitPrice: '40000',
          quantity: '0.001',
        });
        expect(await desk.port.newOrder(one)).toMatchObject({ state: 'accepted' });
      }
      const refused = { state: 'refused', why: like(/more than 5 orders within a minute/) };
      expect(await desk.port.newOrder(order({ clientOrderId: 'six' }))).toMatchObject(refused);
      const exit = order({ clientOrderId: 'exit', side: 'SELL' });
      expect(await desk.port.newOrder(exit)).not.toMatchObject({ state: 'refused' });
      const first = { ...key, clientOrderId: 'o-0' };
      expect(await desk.port.cancelOrder(first)).toMatchObject({ state: 'cancelled' });
      // Nobody serves halts yet: it goes on asking.
      expect(desk.gateway.facts()).toMatchObject({ haltsAskedFor: [FUSE_HALT], ordersFused: 1 });
      const door = desk.bus.connection.subscribe(desk.names.haltRequest, {
        callback: (_error, message) => {
          const { name } = readHaltRequest(message.data);
          asked.push(readHaltRequest(message.data));
          message.respond(writeHaltReply({ placed: { id: 'x', name } }));
        },
      });
      await until(() => asked.length > 0);
      expect(asked[0]).toMatchObject({
        name: FUSE_HALT,
        level: 'close-only',
        placedBy: 'venue-gateway',
      });
      await until(() => (desk.gateway.facts()['haltsAskedFor'] as string[]).length === 0);
      door.unsubscribe();
      // The five that were counted, and the sale.
      expect(await logged(desk, 'order')).toHaveLength(6);
    });
  });

  describe('disk', () => {
    const desk = withDesk({ disk: { path: '.', leastMb: 1_000_000_000 } });

    test('too little room - no new order, while cancels and questions go on', async () => {
      const outcome = await desk.port.newOrder(order());
      expect(outcome).toMatchObject({ state: 'refused', why: like(/disk must have/) });
      expect(await desk.port.cancelOrder(key)).toEqual({ state: 'not_open' });
      await nothingArrived(desk);
    });
  });

  describe('clock', () => {
    const desk = withDesk();

    test('venue 2 s away - no new order until it is back, with the reason', async () => {
      const skewed = { fault: 'clock-skew', on: 'time', parameters: { offsetMs: 2_000 } };
      expect(await desk.port.newOrder(order())).toMatchObject({ state: 'accepted' });
      await desk.floor.control.setFaults({ seed: 1, rules: [skewed] });
      await until(() => desk.gateway.facts()['clockStops'] !== null);
      const second = order({ clientOrderId: 'second' });
      expect(await desk.port.newOrder(second)).toMatchObject({
        state: 'refused',
        why: like(/within 500 ms of the venue's/),
      });
      expect(await desk.port.cancelOrder(key)).toEqual({ state: 'not_open' });
      await desk.floor.control.setFaults({ seed: 1, rules: [] });
      await until(() => desk.gateway.facts()['clockStops'] === null);
      expect(await desk.port.newOrder(second)).toMatchObject({ state: 'accepted' });
      expect(await logged(desk, 'order')).toHaveLength(2);
    });
  });

  describe('rate', () => {
    const LIMIT = 3_000;
    const desk = withDesk({ weightPerMinute: LIMIT });
    /** A long run: `CORRO_RATE_ACTIONS=10000 CORRO_RATE_RESTARTS=50`. */
    const actions = Number(process.env['CORRO_RATE_ACTIONS'] ?? 1_000);
    const restarts = Number(process.env['CORRO_RATE_RESTARTS'] ?? 5);

    test(`${actions} actions with ${restarts} restarts - not one 429`, async () => {
      await desk.floor.control.conditions({ weightPerMinute: LIMIT });
      await desk.port.newOrder(order());
      let answered = 0;
      let held = 0;
      for (let done = 0; done < actions; done += 10) {
        if (done > 0 && done % Math.floor(actions / restarts) === 0) {
          await desk.gateway.close();
          desk.gateway = openGateway(desk, { weightPerMinute: LIMIT });
        }
        const ten = Array.from({ length: 10 }, (_, index) => act(index));
        for (const result of await Promise.all(ten)) {
          if (result === 'held') held += 1;
          else answered += 1;
        }
      }
      expect(answered + held).toBe(actions);
      expect(answered).toBeGreaterThan(0);
      // The run asks for far more than is allowed: most of it must have been held back here.
      expect(held).toBeGreaterThan(0);
      expect(desk.gateway.facts()['stopped']).toBe(false);
      expect((await desk.floor.server.facts())['refusedForRate']).toBe(0);
    });

    async function act(index: number): Promise<'held' | 'answered'> {
      const asked = [
        () => desk.port.queryOrder(key),
        () => desk.port.trades({ account: ACCOUNT, symbol: SYMBOL }),
        () => desk.port.depth(SYMBOL, 5),
      ][index % 3];
      const isHeld = (error: unknown) => (error as { readonly code?: string }).code === 'budget';
      return (asked ?? (() => desk.port.time()))().then(
        () => 'answered',
        (error: unknown) => {
          if (!isHeld(error)) throw error;
          return 'held';
        },
      );
    }
  });
});
