/** Failure here means: an order worker that dies at one of the nine named points between an intent
 * and its booked fill sends an order twice, loses one, or leaves our books and the venue's apart.
 * The real process ends itself by SIGKILL at the point; its successor takes over, and is the next
 * to die. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { KILL_POINTS } from '../activities/orders-points.ts';
import { listOrders } from '../adapters/store/orders.ts';
import { Decimal } from '../core/market/money.ts';
import type { CorroProcess } from './orders-processes.ts';
import { orderStage } from './orders-stage.ts';

const stage = orderStage();
const folder = mkdtempSync(join(tmpdir(), 'corro-points-'));
/** Names the point at which the worker is to die; who dies by it takes it away first. */
const file = join(folder, 'point');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One that lives; the last test may have left a dead one behind. */
async function living(): Promise<CorroProcess> {
  const { worker } = stage;
  return worker?.alive() ? worker : stage.work({ CORRO_KILL_FILE: file });
}

describe('order worker killed at a named point', () => {
  test.each(KILL_POINTS)(
    '%s - the successor finishes: sent once, booked once, books equal',
    async (point) => {
      const doomed = await living();
      await stage.meet();
      writeFileSync(file, point);
      const handle = await stage.start('BUY');
      const result = handle.result();
      expect(await Promise.race([doomed.gone(), result])).toBe('SIGKILL');
      await stage.work({ CORRO_KILL_FILE: file });
      expect(await result).toMatchObject({ state: 'filled', executedQuantity: '0.0199' });
      const bought = (await stage.trades()).map((trade) => trade.quantity);
      expect(Decimal.sum(...bought).toFixed()).toBe('0.0199');
      const orders = await listOrders(stage.database.db, { userId: stage.trader.userId });
      const arrived = orders.filter(({ state, purpose }) => {
        return purpose === 'entry' && state !== 'never_arrived';
      });
      expect(arrived.map(({ state }) => state)).toEqual(['filled']);
      expect(await stage.faults()).toEqual([]);
    },
  );
});
