import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Accounts, type BalanceRow, cover, settle, Wallet } from './accounts.ts';
import { DEFAULT_CONDITIONS } from './conditions.ts';
import { type Amount, amount, ZERO } from './decimals.ts';
import {
  type Book,
  buildBook,
  consume,
  EMPTY_BOOK,
  type Match,
  matchResting,
  matchTaker,
  type Side,
} from './matching.ts';

const steps = { tick: amount('0.01'), lot: amount('0.00001') };
const conditions = { ...DEFAULT_CONDITIONS, levels: 3, depthShare: 0.03 };
const build = (middle: number, volume: number): Book =>
  buildBook({ middle, volume }, steps, conditions);
const plain = (matches: Iterable<Match>) =>
  [...matches].map(({ price, quantity }) => [price.toFixed(), quantity.toFixed()]);

describe('book', () => {
  test('around the middle - prices away from it, quantity a share of the volume', () => {
    const book = build(50_000, 100);
    expect(plain(book.asks)).toEqual([
      ['50005', '1'],
      ['50010', '1'],
      ['50015', '1'],
    ]);
    expect(plain(book.bids)).toEqual([
      ['49995', '1'],
      ['49990', '1'],
      ['49985', '1'],
    ]);
  });

  test('no volume - nobody trades', () => {
    expect(build(50_000, 0)).toEqual(EMPTY_BOOK);
  });

  test('any price and volume - never crossed, never off its steps, never worse than empty', () => {
    const inputs = fc.tuple(
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.integer({ min: 0, max: 50 }),
    );
    fc.assert(
      fc.property(inputs, ([middle, volume, halfSpreadBps]) => {
        const rules = { ...conditions, halfSpreadBps, levelStepBps: halfSpreadBps };
        const { bids, asks } = buildBook({ middle, volume }, steps, rules);
        for (const { price, quantity } of [...bids, ...asks]) {
          expect(price.isMultipleOf(steps.tick) && price.gt(0)).toBe(true);
          expect(quantity.isMultipleOf(steps.lot) && quantity.gt(0)).toBe(true);
        }
        const [bid] = bids;
        const [ask] = asks;
        if (bid && ask) expect(bid.price.lt(ask.price)).toBe(true);
        for (const [index, level] of asks.slice(1).entries()) {
          expect(level.price.gt(asks[index]?.price ?? 0)).toBe(true);
        }
      }),
    );
  });
});

describe('taker', () => {
  const book = build(50_000, 100);
  const buy = { side: 'BUY' as const, quoteQuantity: null, lot: steps.lot };

  test('more than a level - walks the book, best price first', () => {
    const matches = matchTaker(book, { ...buy, limitPrice: null, quantity: amount('2.5') });
    expect(plain(matches)).toEqual([
      ['50005', '1'],
      ['50010', '1'],
      ['50015', '0.5'],
    ]);
  });

  test('limit - never pays more than it', () => {
    const matches = matchTaker(book, { ...buy, limitPrice: amount('50010'), quantity: amount(9) });
    expect(plain(matches)).toEqual([
      ['50005', '1'],
      ['50010', '1'],
    ]);
  });

  test('quote quantity - spends at most it, in whole lots', () => {
    const wanted = { limitPrice: null, quantity: null, quoteQuantity: amount(1_000) };
    const [match] = matchTaker(book, { ...buy, ...wanted });
    expect(match?.quantity.toFixed()).toBe('0.01999');
  });

  test('taken liquidity - is gone for the next one', () => {
    const matches = matchTaker(book, { ...buy, limitPrice: null, quantity: amount('1.5') });
    const after = consume(book, 'BUY', matches);
    expect(plain(after.asks)).toEqual([
      ['50010', '0.5'],
      ['50015', '1'],
    ]);
    expect(after.bids).toBe(book.bids);
  });
});

describe('resting orders', () => {
  /** `terms`: left at price. */
  const order = (orderId: number, side: Side, terms: string) => {
    const [left = '', price = ''] = terms.split(' at ');
    return { orderId, side, limitPrice: amount(price), left: amount(left) };
  };
  const candle = { open: 100, high: 110, low: 90, available: amount(10) };

  test('traded through - filled at the limit', () => {
    const matches = matchResting([order(1, 'BUY', '2 at 95')], candle, steps);
    expect(plain(matches.values())).toEqual([['95', '2']]);
  });

  test('only touched - not filled, others stood there first', () => {
    expect(matchResting([order(1, 'BUY', '2 at 90')], candle, steps).size).toBe(0);
    expect(matchResting([order(1, 'SELL', '2 at 110')], candle, steps).size).toBe(0);
  });

  test('gap - a limit the market opened beyond is filled at the open', () => {
    const matches = matchResting(
      [order(1, 'BUY', '2 at 105'), order(2, 'SELL', '1 at 97')],
      candle,
      steps,
    );
    expect(plain(matches.values())).toEqual([
      ['100', '2'],
      ['100', '1'],
    ]);
  });

  test('scarce volume - best price, then age, then nothing', () => {
    const orders = [
      order(1, 'BUY', '6 at 94'),
      order(2, 'BUY', '6 at 95'),
      order(3, 'BUY', '6 at 94'),
    ];
    const matches = matchResting(orders, candle, steps);
    expect([...matches].map(([id, match]) => [id, match.quantity.toFixed()])).toEqual([
      [2, '6'],
      [1, '4'],
    ]);
  });
});

describe('money', () => {
  const pair = { base: 'BTC', quote: 'USDT' };
  const fill = fc.record({
    side: fc.constantFrom<Side>('BUY', 'SELL'),
    price: fc.integer({ min: 1, max: 10_000_000 }).map((ticks) => amount(ticks).times(steps.tick)),
    better: fc.integer({ min: 0, max: 100 }).map((ticks) => amount(ticks).times(steps.tick)),
    quantity: fc.integer({ min: 1, max: 500_000 }).map((lots) => amount(lots).times(steps.lot)),
    isLimit: fc.boolean(),
    feeBps: fc.integer({ min: 0, max: 100 }),
  });

  /** All of an asset, free and locked. */
  const total = (accounts: Accounts, asset: string): Amount => {
    const balance = accounts.balances('a').get(asset);
    return balance ? balance.free.plus(balance.locked) : ZERO;
  };

  test('any run of fills - what leaves one asset arrives in the other, less the fee', () => {
    fc.assert(
      fc.property(fc.array(fill, { maxLength: 30 }), (fills) => {
        const accounts = new Accounts();
        const start: readonly BalanceRow[] = [
          ['BTC', '1000', '0'],
          ['USDT', '1000000000', '0'],
        ];
        accounts.apply('a', start);
        let base = amount('1000');
        let quote = amount('1000000000');
        for (const { side, price, better, quantity, isLimit, feeBps } of fills) {
          const wallet = new Wallet(accounts.balances('a'));
          const limit = side === 'BUY' ? price.plus(better) : price;
          if (isLimit) {
            const { asset, needed } = cover(pair, side, { price: limit, quantity });
            wallet.change(asset, { free: needed.neg(), locked: needed });
          }
          const { fee, feeAsset } = settle(wallet, {
            pair,
            side,
            match: { price, quantity },
            lockedAt: isLimit ? limit : null,
            feeBps,
          });
          accounts.apply('a', wallet.rows());
          const sign = side === 'BUY' ? 1 : -1;
          base = base.plus(quantity.times(sign)).minus(feeAsset === 'BTC' ? fee : ZERO);
          quote = quote
            .minus(price.times(quantity).times(sign))
            .minus(feeAsset === 'USDT' ? fee : ZERO);
          expect(total(accounts, 'BTC').toFixed()).toBe(base.toFixed());
          expect(total(accounts, 'USDT').toFixed()).toBe(quote.toFixed());
          expect(accounts.balances('a').get('USDT')?.locked.toFixed()).toBe('0');
        }
      }),
    );
  });

  test('overdraft - refused as a whole', () => {
    const accounts = new Accounts();
    accounts.apply('a', [['USDT', '10', '0']]);
    const wallet = new Wallet(accounts.balances('a'));
    expect(() => wallet.change('USDT', { free: amount('-10.00000001') })).toThrow(/negative/);
    expect(wallet.rows()).toEqual([]);
  });
});
