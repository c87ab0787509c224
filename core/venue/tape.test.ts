import { expect, test } from 'vitest';
import type { Candle } from '../market/candle.ts';
import { DEFAULT_CONDITIONS } from './conditions.ts';
import { amount } from './decimals.ts';
import { VenueState } from './state.ts';
import { decideTape } from './tape.ts';
import { decideOrder } from './trading.ts';

// Hazard: a stop or a limit order that "fills" at a print nobody ever traded at, or a gap through
// a stop that fills at the stop instead of where the market opened.

const MINUTE = 60_000;
const CALM = { open: 100, high: 101, low: 99, close: 100, volume: 1_000 };
type Prices = Partial<typeof CALM>;

/** A market that was calm for twenty minutes and goes on calmly at `nextOpen`. */
function calmMarket(nextOpen = 100): VenueState {
  const state = new VenueState();
  state.apply({ type: 'conditions', conditions: DEFAULT_CONDITIONS });
  const instrument = { symbol: 'AIG/USD', base: 'AIG', quote: 'USD' };
  const steps = { tickSize: '0.01', lotSize: '0.01', minNotional: '1' };
  state.apply({ type: 'instruments', instruments: [{ ...instrument, ...steps }] });
  const balances = [['AIG', '10', '0'] as const];
  const deposits = { AIG: '10' };
  state.apply({ type: 'deposit', depositId: 'd', account: 'a', deposits, balances });
  for (let minute = 0; minute < 20; minute += 1) {
    pass(state, minute, { nextOpen: minute === 19 ? nextOpen : 100 });
  }
  return state;
}

function pass(
  state: VenueState,
  minute: number,
  { nextOpen, ...prices }: Prices & { readonly nextOpen: number },
): string[] {
  const openTimeMs = minute * MINUTE;
  const closeTimeMs = openTimeMs + MINUTE - 1;
  const candle: Candle = { ...CALM, ...prices, openTimeMs, closeTimeMs };
  const move = { symbol: 'AIG/USD', timeframe: '1m' as const, candle, nextOpen };
  const event = decideTape(state, { timeMs: closeTimeMs, moves: [move] });
  if (event === null) throw new Error('the candle must be news');
  state.apply(event);
  return event.trades.map(({ price }) => price);
}

function rest(state: VenueState, price: string, stopPrice: string | null): void {
  const request = {
    account: 'a',
    market: 'AIGUSD',
    clientOrderId: 'x',
    side: 'SELL' as const,
    type: stopPrice === null ? ('LIMIT' as const) : ('STOP_LOSS_LIMIT' as const),
    timeInForce: 'GTC' as const,
    price: amount(price),
    stopPrice: stopPrice === null ? null : amount(stopPrice),
    quantity: amount(1),
    quoteQuantity: null,
  };
  state.apply(decideOrder(state, request, { nowMs: 0, share: 1 }));
}

test('tape - an absurd high does not fill a limit order, the market reaching it does', () => {
  const state = calmMarket();
  rest(state, '150', null);
  expect(pass(state, 20, { high: 1_200, nextOpen: 100 })).toEqual([]);
  expect(pass(state, 21, { high: 155, close: 152, nextOpen: 152 })).toEqual(['150']);
});

test('tape - an absurd low does not set off a stop', () => {
  const state = calmMarket();
  rest(state, '85', '90');
  expect(pass(state, 20, { low: 0.06, nextOpen: 100 })).toEqual([]);
  expect(state.open.size).toBe(1);
  expect(state.orders.get(1)?.workingTimeMs).toBeNull();
});

test('tape - an absurd open is not where the market went', () => {
  const state = calmMarket();
  rest(state, '85', '90');
  expect(pass(state, 20, { nextOpen: 0.06 })).toEqual([]);
  expect(pass(state, 21, { open: 0.06, low: 0.06, nextOpen: 100 })).toEqual([]);
  expect(state.open.size).toBe(1);
});

test('tape - a gap through a stop fills where it opened, however wide it was', () => {
  const state = calmMarket();
  rest(state, '40', '90');
  const waiting = pass(state, 20, { nextOpen: 60 });
  const gap = pass(state, 21, { open: 60, high: 62, low: 58, close: 61, nextOpen: 61 });
  expect([...waiting, ...gap]).toEqual(['60']);
});

test('tape - a stop that the next candle opens below fills there, when that candle passes', () => {
  const state = calmMarket();
  rest(state, '80', '98');
  expect(pass(state, 20, { nextOpen: 96 })).toEqual([]);
  expect(pass(state, 21, { open: 96, low: 95, nextOpen: 100 })).toEqual(['96']);
});

test('tape - nothing that is filled at a close depends on the open after it', () => {
  for (const low of [97, 85, 0.06]) {
    const filled = [0.06, 60, 96, 100, 104, 1_200].map((nextOpen) => {
      const state = calmMarket();
      rest(state, '40', '90');
      return pass(state, 20, { low, nextOpen });
    });
    expect(new Set(filled.map(String)).size).toBe(1);
  }
});
