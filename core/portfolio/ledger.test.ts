import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal, decimal, format } from '../market/money.ts';
import {
  depositTransaction,
  fillTransaction,
  imbalance,
  type LedgerTransaction,
  releaseTransaction,
  reserveTransaction,
} from './ledger.ts';
import { applyFill, FLAT } from './position.ts';

const PAIR = { base: 'BTC', quote: 'USDT' };
const BUY = {
  ...PAIR,
  reference: 'paper:someone:BTC/USDT:1',
  side: 'BUY',
  quantity: '0.5',
  price: '100',
  fee: '0.0005',
  feeAsset: 'BTC',
  reserved: '51',
} as const;

function amounts(transaction: LedgerTransaction) {
  return Object.fromEntries(
    transaction.entries.map(({ account, asset, amount }) => [`${account} ${asset}`, amount]),
  );
}

const steps = (decimals: number, max: number) =>
  fc.integer({ min: 1, max }).map((n) => format(Decimal.of(n).div(10 ** decimals)));
const fills = fc.record({
  side: fc.constantFrom('BUY' as const, 'SELL' as const),
  quantity: steps(5, 1_000_000),
  price: steps(2, 10_000_000),
  feeBps: fc.integer({ min: 0, max: 100 }),
  feeIn: fc.constantFrom('got', 'paid', 'third'),
  reserved: steps(7, 100_000_000),
});

describe('ledger', () => {
  test('deposit, reserve, release - money moves between two accounts', () => {
    const movement = { reference: 'one', asset: 'USDT', amount: '10' };
    expect(amounts(depositTransaction(movement))).toEqual({
      'external USDT': '-10',
      'available USDT': '10',
    });
    expect(amounts(reserveTransaction(movement))).toEqual({
      'available USDT': '-10',
      'reserved USDT': '10',
    });
    expect(amounts(releaseTransaction(movement))).toEqual({
      'reserved USDT': '-10',
      'available USDT': '10',
    });
    expect(() => reserveTransaction({ ...movement, amount: '0' })).toThrow('must be positive');
  });

  test('id - the same movement twice is the same transaction', () => {
    expect(fillTransaction(BUY).id).toBe(fillTransaction({ ...BUY }).id);
    expect(fillTransaction({ ...BUY, reference: 'other' }).id).not.toBe(fillTransaction(BUY).id);
  });

  test('buy - pays from the reserve, fee in base', () => {
    expect(amounts(fillTransaction(BUY))).toEqual({
      'reserved USDT': '-50',
      'market USDT': '50',
      'market BTC': '-0.5',
      'available BTC': '0.4995',
      'fees BTC': '0.0005',
    });
  });

  test('sell - delivers from the reserve, fee in quote', () => {
    const sold = { ...BUY, side: 'SELL', fee: '0.05', feeAsset: 'USDT', reserved: '0.5' } as const;
    expect(amounts(fillTransaction(sold))).toEqual({
      'reserved BTC': '-0.5',
      'market BTC': '0.5',
      'market USDT': '-50',
      'available USDT': '49.95',
      'fees USDT': '0.05',
    });
  });

  test('late fill - what the reserve no longer holds comes from available', () => {
    expect(amounts(fillTransaction({ ...BUY, reserved: '20' }))).toMatchObject({
      'reserved USDT': '-20',
      'available USDT': '-30',
    });
    expect(amounts(fillTransaction({ ...BUY, reserved: '0' }))).toMatchObject({
      'available USDT': '-50',
    });
  });

  test('balance - every fill sums to zero per asset, and the position is its base entries', () => {
    fc.assert(
      fc.property(fc.array(fills, { minLength: 1, maxLength: 30 }), (list) => {
        let position = FLAT;
        let ledger = Decimal.of(0);
        for (const [index, { feeBps, feeIn, ...fill }] of list.entries()) {
          const got = fill.side === 'BUY' ? 'BTC' : 'USDT';
          const paid = fill.side === 'BUY' ? 'USDT' : 'BTC';
          const feeAsset = feeIn === 'third' ? 'BNB' : feeIn === 'got' ? got : paid;
          const fee = format(decimal(fill.quantity).times(feeBps).div(10_000));
          const full = { ...PAIR, ...fill, fee, feeAsset };
          const transaction = fillTransaction({ ...full, reference: String(index) });
          for (const sum of imbalance(transaction.entries).values()) expect(sum.eq(0)).toBe(true);
          for (const { account, asset, amount } of transaction.entries) {
            const own = account === 'available' || account === 'reserved';
            if (own && asset === 'BTC') ledger = ledger.plus(amount);
          }
          position = applyFill(position, full);
          expect(position.quantity).toBe(format(ledger));
        }
      }),
    );
  });
});

describe('position', () => {
  const fill = (side: 'BUY' | 'SELL', quantity: string, price: string) => ({
    ...PAIR,
    side,
    quantity,
    price,
    fee: '0',
    feeAsset: 'USDT',
  });

  test('average - purchases move the entry price, sales realise against it', () => {
    const one = applyFill(FLAT, fill('BUY', '1', '100'));
    const two = applyFill(one, fill('BUY', '3', '200'));
    expect(two).toEqual({ quantity: '4', entryPrice: '175', realisedPnl: '0' });
    const three = applyFill(two, fill('SELL', '1', '300'));
    expect(three).toEqual({ quantity: '3', entryPrice: '175', realisedPnl: '125' });
    expect(applyFill(three, fill('SELL', '3', '100'))).toEqual({
      quantity: '0',
      entryPrice: '0',
      realisedPnl: '-100',
    });
  });

  test('fees - make what is held dearer and what is sold worth less', () => {
    const bought = applyFill(FLAT, { ...fill('BUY', '1', '99'), fee: '0.01', feeAsset: 'BTC' });
    expect(bought).toEqual({ quantity: '0.99', entryPrice: '100', realisedPnl: '0' });
    const sold = applyFill(bought, { ...fill('SELL', '0.99', '100'), fee: '1' });
    expect(sold).toEqual({ quantity: '0', entryPrice: '0', realisedPnl: '-1' });
    const third = applyFill(FLAT, { ...fill('BUY', '1', '99'), fee: '1', feeAsset: 'BNB' });
    expect(third).toMatchObject({ quantity: '1', entryPrice: '99' });
  });
});
