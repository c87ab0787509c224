import { describe, expect, test } from 'vitest';
import type { PaperFaultRule } from '../adapters/venue/paper-control.ts';
import { VenueError } from '../adapters/venue/port.ts';
import { key, logged, order, withDesk } from './venue-desk.ts';
import { ACCOUNT, closeOf, flat, SYMBOL, until } from './venue-floor.ts';

/** Every lie of the venue, one after the other, through the real gateway and ccxt over sockets. A
 * failure here means an order believed to be rejected that stands, one believed to stand that does
 * not, one that was sent twice, or a gateway that a reply can stop. */
describe('venue that lies', () => {
  const desk = withDesk();

  const lie = (...rules: PaperFaultRule[]) => desk.floor.control.setFaults({ seed: 7, rules });
  const truth = () => lie();
  /** Opens the account's client, so that the next request is the one that is asked for. */
  const warm = () => desk.port.queryOrder(key);
  const ordersTaken = async () => (await logged(desk, 'order')).length;

  type Parameters = Readonly<Record<string, string | number>>;
  type Row = readonly [fault: string, parameters: Parameters, state: string, taken: number];
  const SHAPES = ['html', 'empty', 'truncated', 'wrong-types', 'missing-fields', 'other-order'];
  const MORE_SHAPES = ['duplicate-keys', 'deep', 'huge', 'slow'];
  const SENDS: readonly Row[] = [
    ['reply-lost-before', {}, 'unknown', 0],
    ['reply-lost-after', {}, 'unknown', 1],
    ['reply-late', { delayMs: 200 }, 'accepted', 1],
    ['reply-late', { delayMs: 4_000 }, 'unknown', 1],
    ['arrival-late', { delayMs: 200 }, 'accepted', 1],
    ['arrival-late', { delayMs: 3_000 }, 'unknown', 1],
    // Longer than the signature is valid: the venue refuses it, whoever waits for it or not.
    ['arrival-late', { delayMs: 5_500 }, 'unknown', 0],
    ['error-5xx-before', {}, 'unknown', 0],
    ['error-5xx-after', { status: 502 }, 'unknown', 1],
    ['unexpected-before', {}, 'unknown', 0],
    ['unexpected-after', {}, 'unknown', 1],
    ['timeout-before', {}, 'unknown', 0],
    ['timeout-after', {}, 'unknown', 1],
    ['rate-limited', { seconds: 1 }, 'rejected', 0],
    ['banned', { seconds: 1 }, 'rejected', 0],
    ['clock-skew', { offsetMs: 2_000 }, 'accepted', 1],
    ['clock-skew', { offsetMs: 20_000 }, 'rejected', 0],
    ['clock-skew', { offsetMs: -20_000 }, 'rejected', 0],
    ['partial-fill', { share: 0.1 }, 'accepted', 1],
    ...[...SHAPES, ...MORE_SHAPES].map(
      (shape): Row => ['malformed-after', { shape, delayMs: 3_000 }, 'unknown', 1],
    ),
    ...SHAPES.map((shape): Row => ['malformed-before', { shape }, 'unknown', 0]),
  ];

  test.each(SENDS)('new order: %s %j - %s, taken %d times', async (...row) => {
    const [fault, parameters, state, taken] = row;
    await warm();
    await lie({ fault, on: 'new-order', parameters });
    const outcome = await desk.port.newOrder(order());
    expect(outcome.state).toBe(state);
    const { rules } = await desk.floor.control.faults();
    expect(rules).toEqual([{ occasions: 1, fired: 1 }]);
    await until(async () => (await logged(desk, 'fault')).length === 1);
    expect(await ordersTaken()).toBe(taken);
    await truth();
    // The stop of a 429 has to pass; whatever else was said, the truth can be asked for at once.
    const found = async () => (await desk.port.queryOrder(key)).found;
    await until(() =>
      found()
        .then((is) => is === (taken === 1))
        .catch(() => false),
    );
    expect(await ordersTaken()).toBe(taken);
  });

  test('cancel: lost, wrong or malformed reply - unknown, and asking again tells', async () => {
    const faults = ['reply-lost-before', 'reply-lost-after', 'error-5xx-after', 'timeout-before'];
    const rows = [
      ...faults.map((fault) => ({ fault, parameters: {} })),
      ...SHAPES.map((shape) => ({ fault: 'malformed-after', parameters: { shape } })),
    ];
    for (const [index, row] of rows.entries()) {
      const clientOrderId = `rest-${index}`;
      const resting = order({ clientOrderId, timeInForce: 'GTC', limitPrice: '40000' });
      expect(await desk.port.newOrder(resting)).toMatchObject({ state: 'accepted' });
      await lie({ ...row, on: 'cancel' });
      const cancelled = await desk.port.cancelOrder({ ...key, clientOrderId });
      expect([row, cancelled.state]).toEqual([row, 'unknown']);
      await truth();
      const again = await desk.port.cancelOrder({ ...key, clientOrderId });
      expect(again.state).toBe(row.fault.endsWith('-before') ? 'cancelled' : 'not_open');
    }
  });

  describe('questions', () => {
    const asks: Readonly<Record<string, () => Promise<unknown>>> = {
      query: async () => {
        const report = await desk.port.queryOrder(key);
        return { ...report, venueTimeMs: 0 };
      },
      'orders-open': () => desk.port.openOrders(ACCOUNT, SYMBOL),
      trades: () => desk.port.trades({ account: ACCOUNT, symbol: SYMBOL, venueOrderId: '1' }),
      account: () => desk.port.account(ACCOUNT),
      depth: () => desk.port.depth(SYMBOL, 5),
      klines: () => desk.port.klines({ symbol: SYMBOL, timeframe: '5m' }),
    };

    test.each(Object.keys(asks))('%s - the truth or an error, never anything else', async (on) => {
      const ask = asks[on] ?? warm;
      await desk.port.newOrder(order());
      const resting = { clientOrderId: 'rest', timeInForce: 'GTC', limitPrice: '40000' } as const;
      await desk.port.newOrder(order(resting));
      await desk.port.depth(SYMBOL, 5);
      const expected = await ask();
      const faults = ['reply-lost-before', 'error-5xx-before', 'unexpected-after', 'timeout-after'];
      const rules = [
        ...faults.map((fault) => ({ fault, on })),
        ...[...SHAPES, ...MORE_SHAPES].map((shape) => ({
          fault: 'malformed-after',
          on,
          parameters: { shape, delayMs: 3_000 },
        })),
      ];
      let errors = 0;
      for (const rule of rules) {
        await lie(rule);
        const answer = await ask().catch((error: unknown) => {
          expect(error).toBeInstanceOf(VenueError);
          errors += 1;
          return expected;
        });
        expect([rule, answer]).toEqual([rule, expected]);
      }
      // What has no names in it can neither miss one nor have one twice.
      expect(errors).toBeGreaterThanOrEqual(rules.length - 3);
      await truth();
      expect(await ask()).toEqual(expected);
    });

    const HIDDEN_MS = 2_000;
    const MOST_TRIES = 10;

    /** What was seen of an order while the venue hid it, and of the next one when this machine was
     * too slow to look in time. */
    async function inTime<T>(see: (number: number) => Promise<T>): Promise<T> {
      for (let number = 1; ; number += 1) {
        const startedMs = Date.now();
        const seen = await see(number);
        if (Date.now() - startedMs < HIDDEN_MS || number === MOST_TRIES) return seen;
      }
    }

    const tradesOf = (clientOrderId: string) => async () => {
      const report = await desk.port.queryOrder({ ...key, clientOrderId });
      if (!report.found) return [];
      const { venueOrderId } = report;
      return desk.port.trades({ account: ACCOUNT, symbol: SYMBOL, venueOrderId });
    };

    test('forgotten - not found and not listed for a while, then as it always was', async () => {
      await warm();
      await lie(
        { fault: 'forgotten', on: 'new-order', parameters: { forMs: HIDDEN_MS } },
        { fault: 'trade-late', parameters: { forMs: HIDDEN_MS } },
      );
      const { clientOrderId, ...seen } = await inTime(async (number) => {
        const id = `c-${number}`;
        const outcome = await desk.port.newOrder(order({ clientOrderId: id }));
        if (outcome.state !== 'accepted') throw new Error(`it must be accepted: ${outcome.state}`);
        const { venueOrderId } = outcome;
        const { found } = await desk.port.queryOrder({ ...key, clientOrderId: id });
        const listed = await desk.port.trades({ account: ACCOUNT, symbol: SYMBOL, venueOrderId });
        return { clientOrderId: id, found, listed };
      });
      expect(seen).toEqual({ found: false, listed: [] });
      const all = tradesOf(clientOrderId);
      await until(async () => (await all()).length === 1);
    });

    test('late fill of a resting order - the order says so before the list does', async () => {
      await lie({ fault: 'trade-late', parameters: { forMs: HIDDEN_MS } });
      const { clientOrderId, ...seen } = await inTime(async (number) => {
        const id = `rest-${number}`;
        const resting = { clientOrderId: id, timeInForce: 'GTC', limitPrice: '49000' } as const;
        await desk.port.newOrder(order(resting));
        await desk.floor.control.tape(
          closeOf(number, { open: 50_000, high: 50_000, low: 48_000, close: 49_500 }),
        );
        const report = await desk.port.queryOrder({ ...key, clientOrderId: id });
        return { clientOrderId: id, report, listed: await tradesOf(id)() };
      });
      expect(seen).toMatchObject({ report: { status: 'filled' }, listed: [] });
      const all = tradesOf(clientOrderId);
      await until(async () => (await all()).length === 1);
    });

    test('stale depth - the book of earlier closes, while orders meet the one of now', async () => {
      for (const number of [1, 2]) {
        await desk.floor.control.tape(closeOf(number, flat(50_000 + number * 1_000)));
      }
      const now = await desk.port.depth(SYMBOL, 1);
      await lie({ fault: 'stale-depth', on: 'depth', parameters: { candles: 2 } });
      const old = await desk.port.depth(SYMBOL, 1);
      expect([old.asks[0]?.price, now.asks[0]?.price]).toEqual(['50005', '52005.2']);
      expect(await desk.port.newOrder(order())).toMatchObject({ executedQuantity: '0' });
    });
  });

  test('stop - after a 429 or 418 nothing is sent before its time, whoever asks', async () => {
    await desk.port.newOrder(order({ clientOrderId: 'warm' }));
    for (const fault of ['rate-limited', 'banned']) {
      await lie({ fault, on: 'trades', count: 1, parameters: { seconds: 4 } });
      const asked = desk.port.trades({ account: ACCOUNT, symbol: SYMBOL });
      await expect(asked).rejects.toMatchObject({ code: 'budget' });
      const end = Date.now() + 1_500;
      while (Date.now() < end) {
        const outcomes = await Promise.all([
          desk.port.newOrder(order({ clientOrderId: `n-${Date.now()}` })),
          desk.port.queryOrder(key).catch((error: unknown) => error),
          desk.port.cancelOrder(key),
        ]);
        expect(outcomes[0]).toMatchObject({ state: 'refused' });
        expect(outcomes[1]).toMatchObject({ code: 'budget' });
        expect(outcomes[2]).toMatchObject({ state: 'unknown' });
      }
      const found = () => desk.port.queryOrder(key).catch(() => null);
      await until(async () => (await found()) !== null);
    }
    const faults = await logged(desk, 'fault');
    expect(faults.map(({ fault }) => fault)).toEqual(['rate-limited', 'banned']);
  });

  describe('script', () => {
    test('same seed - the same orders meet the same lies, restart or not', async () => {
      const rules = [{ fault: 'error-5xx-before', on: 'new-order', probability: 0.3 }];
      const states: string[] = [];
      for (const round of [1, 2]) {
        await desk.floor.control.setFaults({ seed: 99, rules });
        for (let sent = 0; sent < 30; sent += 1) {
          const one = order({ clientOrderId: `r${round}-${sent}`, quantity: '0.001' });
          states.push((await desk.port.newOrder(one)).state);
        }
      }
      expect(states.slice(30)).toEqual(states.slice(0, 30));
      expect(new Set(states)).toEqual(new Set(['accepted', 'unknown']));
    });

    test('each lie - one line in the log that says what was really done', async () => {
      await warm();
      await lie({ fault: 'reply-lost-after', on: 'new-order', atNth: 2, count: 1 });
      for (const clientOrderId of ['a', 'b', 'c']) {
        await desk.port.newOrder(order({ clientOrderId }));
      }
      expect(await logged(desk, 'fault')).toEqual([
        expect.objectContaining({
          fault: 'reply-lost-after',
          rule: 0,
          nth: 2,
          on: 'new-order',
          account: ACCOUNT,
          did: 'done, order 2',
          orderId: 2,
        }),
      ]);
    });

    test.each<[string, object, RegExp]>([
      ['fault', { fault: 'nonsense' }, /fault/],
      ['occasion', { fault: 'stale-depth', on: 'cancel' }, /occasion/],
      ['two whens', { fault: 'reply-late', everyNth: 2, atNth: 2 }, /at most one/],
      ['probability', { fault: 'reply-late', probability: 2 }, /probability/],
      ['long lie', { fault: 'forgotten', parameters: { forMs: 2_001 } }, /hide/],
      ['extra key', { fault: 'reply-late', when: 'now' }, /when/],
    ])('bad %s - refused with the reason', async (_name, rule, text) => {
      await expect(lie(rule as PaperFaultRule)).rejects.toThrow(text);
    });
  });
});
