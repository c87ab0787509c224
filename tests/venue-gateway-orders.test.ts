import { describe, expect, test } from 'vitest';
import { venueClient } from '../adapters/venue/client.ts';
import type { Trade } from '../adapters/venue/port.ts';
import { wire } from '../proto/subjects.ts';
import { VENUE_CODECS } from '../proto/venue.ts';
import { testNamespace } from './support/servers.ts';
import { holdLease, key, like, nothingArrived, order, withDesk } from './venue-desk.ts';
import { ACCOUNT, FIRST_OPEN_MS, SYMBOL } from './venue-floor.ts';

/** Orders through the gateway, on a real NATS, a real Postgres and the paper venue over sockets. A
 * failure here means an order that was sent without the right to send it, or an answer that says
 * more than is known. */
describe('venue gateway orders', () => {
  const desk = withDesk();

  describe('orders', () => {
    test('accepted - and every question about it has the same answer', async () => {
      const before = Date.now();
      const outcome = await desk.port.newOrder(order({ quantity: '0.6' }));
      expect(outcome).toMatchObject({
        state: 'accepted',
        venueOrderId: '1',
        status: 'filled',
        executedQuantity: '0.6',
      });
      if (outcome.state === 'accepted') expect(outcome.signedAtMs).toBeGreaterThan(before - 1_000);
      expect(await desk.port.queryOrder(key)).toMatchObject({
        found: true,
        venueOrderId: '1',
        status: 'filled',
        executedQuantity: '0.6',
      });
      const trades = await desk.port.trades({
        account: ACCOUNT,
        symbol: SYMBOL,
        venueOrderId: '1',
      });
      expect(trades).toEqual([
        {
          tradeId: '1',
          venueOrderId: '1',
          symbol: SYMBOL,
          side: 'BUY',
          quantity: '0.4',
          price: '50005',
          fee: '0.0004',
          feeAsset: 'BTC',
          timeMs: FIRST_OPEN_MS + 300_000 - 1,
        },
        expect.objectContaining({
          tradeId: '2',
          quantity: '0.2',
          price: '50010',
          fee: '0.0002',
        }) as Trade,
      ]);
      const { balances } = await desk.port.account(ACCOUNT);
      expect(balances).toEqual([
        { asset: 'USDT', free: '69996', locked: '0' },
        { asset: 'BTC', free: '10.5994', locked: '0' },
      ]);
    });

    test('IOC filled in part - expired with what it got', async () => {
      const outcome = await desk.port.newOrder(order({ quantity: '1', limitPrice: '50005' }));
      expect(outcome).toMatchObject({ status: 'expired', executedQuantity: '0.4' });
    });

    test('resting - open, cancelled once, then not open', async () => {
      const resting = order({ timeInForce: 'GTC', quantity: '0.6', limitPrice: '50005' });
      expect(await desk.port.newOrder(resting)).toMatchObject({ status: 'partially_filled' });
      expect(await desk.port.openOrders(ACCOUNT, SYMBOL)).toEqual([
        {
          clientOrderId: 'c-1',
          venueOrderId: '1',
          symbol: SYMBOL,
          side: 'BUY',
          type: 'LIMIT',
          status: 'partially_filled',
          quantity: '0.6',
          executedQuantity: '0.4',
          limitPrice: '50005',
          stopPrice: null,
        },
      ]);
      expect(await desk.port.cancelOrder(key)).toEqual({
        state: 'cancelled',
        venueOrderId: '1',
        executedQuantity: '0.4',
      });
      expect(await desk.port.cancelOrder(key)).toEqual({ state: 'not_open' });
      expect(await desk.port.openOrders(ACCOUNT)).toEqual([]);
    });

    test('market order - without a price', async () => {
      const market = order({ type: 'MARKET', timeInForce: null, limitPrice: null, side: 'SELL' });
      expect(await desk.port.newOrder(market)).toMatchObject({ status: 'filled' });
    });

    test('refused by the venue - rejected with its code', async () => {
      expect(await desk.port.newOrder(order({ quantity: '90' }))).toEqual({
        state: 'rejected',
        code: '-2010',
        text: 'Account has insufficient balance for requested action.',
      });
      expect(await desk.port.newOrder(order({ quantity: '0.00001' }))).toMatchObject({
        code: '-1013',
      });
    });

    test('duplicate of an open order - unknown, because the first did arrive', async () => {
      const resting = order({ timeInForce: 'GTC', limitPrice: '40000' });
      expect(await desk.port.newOrder(resting)).toMatchObject({ state: 'accepted' });
      expect(await desk.port.newOrder(resting)).toMatchObject({ state: 'unknown' });
    });

    test('off its steps - refused rather than rounded to another order', async () => {
      for (const change of [{ quantity: '0.100001' }, { limitPrice: '50010.005' }]) {
        const outcome = await desk.port.newOrder(order(change));
        expect(outcome).toMatchObject({ state: 'refused', why: like(/multiple/) });
      }
      await nothingArrived(desk);
    });

    test('unknown symbol - refused, and a symbol listed later is found', async () => {
      const later = { symbol: 'ETH/USDT', quantity: '1', limitPrice: '2500' };
      const unknown = await desk.port.newOrder(order(later));
      expect(unknown).toMatchObject({ state: 'refused', why: like(/ETH\/USDT/) });
      const steps = { tickSize: '0.01', lotSize: '0.001', minNotional: '5' };
      await desk.floor.control.instruments([
        { symbol: 'ETH/USDT', base: 'ETH', quote: 'USDT', ...steps },
      ]);
      expect(await desk.port.newOrder(order(later))).toMatchObject({ state: 'accepted' });
    });

    test('unknown account - rejected by the venue, not by a crash', async () => {
      const outcome = await desk.port.newOrder(order({ account: 'nobody' }));
      expect(outcome).toMatchObject({ state: 'rejected', code: '-2015' });
    });
  });

  describe('fence', () => {
    test('epoch moved on - refused before a byte leaves', async () => {
      await holdLease(desk, { epoch: '8', minutes: 1 });
      const outcome = await desk.port.newOrder(order());
      expect(outcome).toMatchObject({ state: 'refused', why: like(/moved on/) });
      await nothingArrived(desk);
    });

    test('lease over - refused', async () => {
      await holdLease(desk, { epoch: '7', minutes: -1 });
      const outcome = await desk.port.newOrder(order());
      expect(outcome).toMatchObject({ state: 'refused', why: like(/run out/) });
      await nothingArrived(desk);
    });

    test('request that waited too long - refused, whoever was paused in between', async () => {
      const { request, reply } = VENUE_CODECS['order-new'];
      const bytes = request.encode({ ...order(), deadlineMs: Date.now() - 1 });
      const subject = desk.names.venue('paper', 'order-new');
      const answer = await desk.bus.connection.request(subject, bytes, { timeout: 2_000 });
      expect(reply.decode(answer.data)).toMatchObject({
        state: 'refused',
        why: like(/deadline passed/),
      });
      await nothingArrived(desk);
    });

    test('no such lease - refused', async () => {
      const outcome = await desk.port.newOrder(order({ lease: { name: 'leg-none', epoch: '7' } }));
      expect(outcome).toMatchObject({ state: 'refused' });
      await nothingArrived(desk);
    });

    test('epoch moves between signature and send - the late check stops it', async () => {
      // The gateway's first order loads the venue's symbols; meanwhile the lease is taken over.
      await desk.database.db.transaction().execute(async (trx) => {
        const locked = trx.updateTable('leases').set({ epoch: '8' }).where('name', '=', 'leg-1');
        await locked.execute();
        const sent = desk.port.newOrder(order());
        await new Promise((resolve) => setTimeout(resolve, 50));
        pending = sent;
      });
      expect(await pending).toMatchObject({ state: 'refused' });
      await nothingArrived(desk);
    });
    let pending: Promise<unknown>;
  });

  describe('budget', () => {
    test('venue says stop - nothing more leaves until it is over', async () => {
      await desk.port.newOrder(order({ clientOrderId: 'warm' }));
      await desk.floor.control.conditions({ weightPerMinute: 100 });
      let last = await desk.port.newOrder(order({ clientOrderId: 'many-0' }));
      for (let sent = 1; sent < 150 && last.state === 'accepted'; sent += 1) {
        last = await desk.port.newOrder(
          order({ clientOrderId: `many-${sent}`, quantity: '0.001' }),
        );
      }
      expect(last).toMatchObject({ state: 'rejected', code: '-1003' });
      expect(desk.gateway.facts()).toMatchObject({ stopped: true });
      expect(await desk.port.newOrder(order())).toMatchObject({
        state: 'refused',
        why: like(/budget/),
      });
      await expect(desk.port.queryOrder(key)).rejects.toMatchObject({ code: 'budget' });
    });
  });

  describe('silence', () => {
    test('venue gone - a send that left is unknown, and says until when', async () => {
      await desk.port.newOrder(order({ clientOrderId: 'warm' }));
      await desk.floor.server.close();
      const outcome = await desk.port.newOrder(order());
      expect(outcome.state).toBe('unknown');
      if (outcome.state === 'unknown') {
        expect(outcome.validUntilMs).toBe(outcome.signedAtMs + 5_000);
        expect(outcome.why).not.toContain('signature=');
      }
      await expect(desk.port.queryOrder(key)).rejects.toMatchObject({ code: 'unreachable' });
      expect(await desk.port.cancelOrder(key)).toMatchObject({ state: 'unknown' });
    });

    test('no gateway - refused, because nobody was there to send it', async () => {
      await desk.gateway.close();
      expect(await desk.port.newOrder(order())).toMatchObject({ state: 'refused' });
      await expect(desk.port.time()).rejects.toMatchObject({ code: 'unreachable' });
    });

    test('silent gateway - unknown until deadline and signature have passed', async () => {
      const silentWire = wire(testNamespace());
      const subscription = desk.bus.connection.subscribe(silentWire.venue('paper', 'order-new'));
      const impatient = venueClient(desk.bus, silentWire, { venue: 'paper', sendTimeoutMs: 100 });
      const outcome = await impatient.newOrder(order());
      expect(outcome).toMatchObject({ state: 'unknown', why: like(/in time/) });
      if (outcome.state === 'unknown') {
        expect(outcome.validUntilMs).toBeGreaterThanOrEqual(outcome.signedAtMs + 10_000);
      }
      subscription.unsubscribe();
    });

    test('not found - with a venue time from before the last look', async () => {
      const before = Date.now();
      const report = await desk.port.queryOrder(key);
      expect(report.found).toBe(false);
      expect(report.venueTimeMs).toBeGreaterThan(before - 1_000);
      expect(report.venueTimeMs).toBeLessThanOrEqual(Date.now());
    });
  });
});
