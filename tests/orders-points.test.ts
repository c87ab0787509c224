/** Failure here means: an order worker that dies at one of the nine named points between an intent
 * and its booked fill sends an order twice, loses one, or leaves our books and the venue's apart.
 * The real process ends itself by SIGKILL at the point; a successor takes over. */
import { describe, expect, test } from 'vitest';
import { KILL_POINTS } from '../activities/orders-points.ts';
import { listOrders } from '../adapters/store/orders.ts';
import { Decimal } from '../core/market/money.ts';
import { orderStage } from './orders-stage.ts';

const stage = orderStage();

describe('order worker killed at a named point', () => {
  test.each(KILL_POINTS)(
    '%s - the successor finishes: sent once, booked once, books equal',
    async (point) => {
      await stage.worker?.stop();
      await stage.meet();
      const doomed = await stage.work({ CORRO_KILL_AT: point });
      const handle = await stage.start('BUY');
      expect(await doomed.gone()).toBe('SIGKILL');
      await stage.work();
      expect(await handle.result()).toMatchObject({ state: 'filled', executedQuantity: '0.0199' });
      const bought = (await stage.trades()).map((trade) => trade.quantity);
      expect(Decimal.sum(0, ...bought).toFixed()).toBe('0.0199');
      const orders = await listOrders(stage.database.db, { userId: stage.trader.userId });
      const arrived = orders.filter(({ state, purpose }) => {
        return purpose === 'entry' && state !== 'never_arrived';
      });
      expect(arrived.map(({ state }) => state)).toEqual(['filled']);
      expect(await stage.faults()).toEqual([]);
    },
    120_000,
  );
});
