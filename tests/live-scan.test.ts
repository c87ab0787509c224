import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createScanActivities } from '../activities/scan.ts';
import { forecaster } from '../adapters/bus/forecaster.ts';
import { readCandles } from '../adapters/store/candles.ts';
import { readDecisions } from '../adapters/store/decisions.ts';
import { markStarted, motionsOfSeries } from '../adapters/store/motions.ts';
import { venueClient } from '../adapters/venue/client.ts';
import { type Watch, watchMarket } from '../ops/ring/schedule.ts';
import type { ScanResult } from '../proto/scan.ts';
import { until } from './e2e/corro.ts';
import { type LiveExchange, openLiveExchange, SYMBOL } from './live-exchange.ts';
import { type LiveFloor, openLiveFloor } from './live-floor.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';
import { silent } from './venue-floor.ts';

/** The minute's look at a live market, through a real schedule, gateway, exchange and ring. A
 * failure here is a crash between two closes that nobody notices, or one that is put to the
 * ring every minute. */

/** A fall of a tenth within one minute, on ten times the volume. */
const CRASH = { open: 58_000, high: 58_010, low: 52_000, close: 52_100, volume: 5_000 };

describe('market scan', () => {
  let crashed: LiveExchange;
  let calm: LiveExchange;
  let floor: LiveFloor;
  const scanOf = (exchange: string) =>
    ({ namespace: floor.names.namespace, venue: 'paper', exchange, symbol: SYMBOL }) as const;
  const scan = () => scanOf('binance');

  beforeAll(async () => {
    const exchanges = async () => {
      // The newest minute of both has just closed; two of them old, it would be of no use.
      calm = await openLiveExchange({ span: 64, closed: 64 });
      crashed = await openLiveExchange({ span: 65, closed: 64 });
      await crashed.closeOwn(CRASH);
      return { binance: crashed.url, binanceus: calm.url };
    };
    floor = await openLiveFloor({ exchanges });
  });

  afterAll(async () => {
    await floor?.close();
    await crashed?.end();
    await calm?.end();
  });

  describe('on schedule', () => {
    let watch: Watch;

    beforeAll(async () => {
      watch = await watchMarket(floor.client, scan());
      await floor.client.schedule.getHandle(watch.scheduleId).pause('the test looks by itself');
    });

    afterAll(() => watch.stop());

    /** Lets a paused schedule act now, and waits for what it came to. */
    async function look({ scheduleId }: Watch = watch): Promise<ScanResult> {
      const handle = floor.client.schedule.getHandle(scheduleId);
      const actions = async () => (await handle.describe()).info.recentActions;
      const before = (await actions()).length;
      await handle.trigger();
      const newest = await until('the look', async () => (await actions())[before], 120_000);
      const { workflowId, firstExecutionRunId } = newest.action.workflow;
      const run = floor.client.workflow.getHandle(workflowId, firstExecutionRunId);
      return (await run.result()) as ScanResult;
    }

    test('a quiet minute - puts nothing, and is on record', async () => {
      const other = await watchMarket(floor.client, scanOf('binanceus'));
      const seen = await look(other);
      expect(seen.debateId).toBeNull();
      expect(seen.why).toMatch(/times the usual volume/);
      await other.stop();
      const market = { venue: 'paper', symbol: SYMBOL, timeframe: '1m' } as const;
      expect(await readCandles(floor.database.db, { ...market, newest: 50 })).toHaveLength(32);
      expect(await motionsOfSeries(floor.database.db, market)).toEqual([]);
    });

    test('a crash - is debated at once, once, and reads like any other debate', async () => {
      const { debateId, why } = await look();
      expect(why).toBe('price_move at 52100');
      expect(debateId).toMatch(/^\d{4}-\d\d-\d\dT\d{4}Z-1m-BTC-USDT-[0-9a-f]{8}$/);
      const { db } = floor.database;
      const decided = () => readDecisions(db, { debateId: debateId ?? '' });
      // Live, every kind of a round may last its 20 seconds on a busy machine.
      await until('the decision', async () => (await decided()).length === 1, 180_000);
      const debate = floor.client.workflow.getHandle(floor.names.debateWorkflowId(debateId ?? ''));
      const { searchAttributes, memo } = await debate.describe();
      expect(searchAttributes).toMatchObject({ Symbol: ['BTC-USDT'], Trigger: ['price_move'] });
      expect(memo).toMatchObject({ question: 'What do we do about BTC/USDT?' });

      const again = await look();
      expect(again.debateId).toBeNull();
      expect(again.why).toMatch(/last motion 0 minutes/);
      expect(await decided()).toHaveLength(1);
    }, 600_000);

    test('the schedule - skips overlaps, catches up a minute, ends by itself', async () => {
      const handle = floor.client.schedule.getHandle(watch.scheduleId);
      const { spec, policies, action } = await handle.describe();
      expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60_000 });
      const leftMs = (spec.endAt?.getTime() ?? 0) - Date.now();
      expect(leftMs).toBeGreaterThan(3 * 60_000);
      expect(leftMs).toBeLessThanOrEqual(5 * 60_000);
      expect(action).toMatchObject({ workflowExecutionTimeout: 120_000 });
    });

    test('the schedule of a dead session - is taken over, and ends with the new one', async () => {
      const handle = floor.client.schedule.getHandle(watch.scheduleId);
      await handle.update((found) => ({ ...found, spec: { ...found.spec, endAt: new Date() } }));
      const second = await watchMarket(floor.client, scan());
      expect((await handle.describe()).state.paused, 'as the person left it').toBe(true);
      expect((await handle.describe()).spec.endAt?.getTime()).toBeGreaterThan(Date.now());
      await second.stop();
      await second.stop();
      await expect(handle.describe()).rejects.toThrow(/not found/i);
    });
  });

  describe('one look', () => {
    let database: TestDatabase;
    const steps = () => {
      const venue = venueClient(floor.bus, floor.names, { venue: 'paper' });
      const forecast = forecaster(floor.bus, floor.names);
      return createScanActivities({ db: database.db, venue, forecast, log: silent });
    };

    beforeEach(async () => {
      database = await openTestDatabase();
    });

    afterEach(() => database.drop());

    test('its worker dies before the debate begins - the next starts the same one', async () => {
      const first = await steps().scanMarket(scan());
      expect(first).toMatchObject({ kind: 'motion', docket: { clock: 'live', timeframe: '1m' } });
      const again = await steps().scanMarket(scan());
      if (first.kind !== 'motion' || again.kind !== 'motion') throw new Error('both must find it');
      expect(again.docket).toEqual(first.docket);
      expect(again.card).toEqual(first.card);
      await markStarted(
        database.db,
        first.docket.motions.map((motion) => motion.eventId),
      );
      expect(await steps().scanMarket(scan())).toMatchObject({ kind: 'quiet' });
    });

    test('an exchange that does not answer - is an error, never a motion', async () => {
      const silentExchange = { ...scan(), exchange: 'nosuch' };
      await expect(steps().scanMarket(silentExchange)).rejects.toThrow(/no exchange nosuch/);
    });

    test('an exchange that stands still - says nothing of now', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 60_000 });
      const seen = await steps()
        .scanMarket(scan())
        .finally(() => vi.useRealTimers());
      expect(seen.kind).toBe('quiet');
      expect(seen.why).toMatch(/closed \d+ s ago: nothing to say of now/);
    });
  });
});
