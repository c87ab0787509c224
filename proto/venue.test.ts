import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WireError } from './errors.ts';
import { VENUE_VERBS } from './subjects.ts';
import { EXECUTION_CODEC, VENUE_CODECS } from './venue.ts';
import type { NewOrderRequest } from './venue-messages.ts';

const order: NewOrderRequest = {
  account: '0b9e7f8a-4c1d-4e57-9d5a-6f1f2f3a4b5c',
  clientOrderId: 'c-1-ABC',
  symbol: 'BTC/USDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'IOC',
  quantity: '0.00100',
  limitPrice: '58000.1',
  stopPrice: null,
  lease: { name: 'leg-1', epoch: '7' },
  deadlineMs: 1_722_816_000_000,
};
const { request } = VENUE_CODECS['order-new'];

describe('venue codecs', () => {
  test('new order - comes back as it was sent', () => {
    expect(request.decode(request.encode(order))).toEqual(order);
    const market = { ...order, type: 'MARKET', timeInForce: null, limitPrice: null } as const;
    expect(request.decode(request.encode(market))).toEqual(market);
  });

  test.each<[string, Partial<NewOrderRequest>]>([
    ['quantity of zero', { quantity: '0.000' }],
    ['negative quantity', { quantity: '-1' }],
    ['exponent', { quantity: '1e3' }],
    ['NaN', { quantity: 'NaN' }],
    ['forty digits', { quantity: '1'.repeat(40) }],
    ['price of a market order', { type: 'MARKET', timeInForce: null }],
    ['limit order without a price', { limitPrice: null }],
    ['client id too long', { clientOrderId: 'x'.repeat(37) }],
    ['client id with a space', { clientOrderId: 'a b' }],
    ['epoch of zero', { lease: { name: 'leg-1', epoch: '0' } }],
    ['account with a path', { account: '../etc' }],
    ['symbol of the venue', { symbol: 'BTCUSDT' }],
  ])('%s - refused before it is sent', (_name, fault) => {
    expect(() => request.encode({ ...order, ...fault })).toThrow(WireError);
  });

  test('send outcomes - each comes back as it was', () => {
    const { reply } = VENUE_CODECS['order-new'];
    const outcomes = [
      {
        state: 'accepted',
        venueOrderId: '17',
        status: 'partially_filled',
        executedQuantity: '0.5',
        signedAtMs: 5,
      },
      { state: 'rejected', code: '-2010', text: 'Account has insufficient balance' },
      { state: 'unknown', why: 'timeout', signedAtMs: 5, validUntilMs: 5_005 },
      { state: 'refused', why: 'lease moved on' },
    ] as const;
    for (const outcome of outcomes) expect(reply.decode(reply.encode(outcome))).toEqual(outcome);
  });

  test("a venue's words - carried without control characters and cut", () => {
    const { reply } = VENUE_CODECS['order-new'];
    const text = `\u001b[31m${'x'.repeat(2_000)}`;
    const decoded = reply.decode(reply.encode({ state: 'rejected', code: '-1', text }));
    expect(decoded.state === 'rejected' && decoded.text).toMatch(/^ \[31mx{495}$/);
  });

  test('fault - comes back as one', () => {
    const { reply } = VENUE_CODECS.trades;
    const fault = { ok: false, fault: { code: 'timeout', text: 'no answer' } } as const;
    expect(reply.decode(reply.encode(fault))).toEqual(fault);
  });

  test('execution - with and without its trade', () => {
    const change = {
      account: 'alice',
      clientOrderId: 'c-1',
      venueOrderId: '1',
      symbol: 'BTC/USDT',
      status: 'filled',
      executedQuantity: '1',
      trade: null,
    } as const;
    const trade = {
      tradeId: '9',
      clientOrderId: 'c-1',
      venueOrderId: '1',
      symbol: 'BTC/USDT',
      side: 'SELL',
      quantity: '1',
      price: '2',
      fee: '0.002',
      feeAsset: 'USDT',
      timeMs: 7,
    } as const;
    for (const execution of [change, { ...change, trade }]) {
      expect(EXECUTION_CODEC.decode(EXECUTION_CODEC.encode(execution))).toEqual(execution);
    }
  });

  test('any bytes on any verb - a value or a WireError, nothing else', () => {
    const verb = fc.constantFrom(...VENUE_VERBS);
    fc.assert(
      fc.property(verb, fc.uint8Array({ maxLength: 200 }), (name, bytes) => {
        for (const codec of [VENUE_CODECS[name].request, VENUE_CODECS[name].reply]) {
          try {
            codec.decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('one flipped bit of an order - never another order that nobody sent', () => {
    const bytes = request.encode(order);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        expect(request.encode(request.decode(flipped))).toEqual(flipped);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });
});
