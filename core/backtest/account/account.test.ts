/** Failure here means: the books of a backtest are not those of a paper user. Money appears or
 * vanishes, the venue and the ledger disagree, a position stands unguarded, or a rule that would
 * have kept an order back did not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyShapes, candlesOf, type Shape, walk } from '../../features/generated.fixture.ts';
import type { Candle } from '../../market/candle.ts';
import { CandleSeries } from '../../market/candle-series.ts';
import type { Instrument } from '../../market/instrument.ts';
import { Decimal } from '../../market/money.ts';
import type { FillRecord } from '../result.ts';
import { Account } from './account.ts';
import type { AccountOptions, MarketClose } from './terms.ts';

const TIMEFRAME = '5m';
const LENGTH_MS = 300_000;

function instrument(base: string): Instrument {
  return {
    ...{ symbol: `${base}/USDT`, base, quote: 'USDT' },
    ...{ tickSize: '0.01', lotSize: '0.00001', minNotional: '5' },
  };
}

function seriesOf(candles: readonly Candle[]): CandleSeries {
  const numbers = candles.flatMap(({ openTimeMs, open, high, low, close, volume }) => {
    return [openTimeMs, open, high, low, close, volume];
  });
  return new CandleSeries(LENGTH_MS, Float64Array.from(numbers));
}

/** One account over made-up markets, and all that closes, in order. */
function market(
  shapes: Readonly<Record<string, readonly Shape[]>>,
  options: Partial<AccountOptions> = {},
) {
  const told = Object.entries(shapes).map(([base, some]) => {
    const candles = candlesOf(some, { timeframe: TIMEFRAME });
    return { instrument: instrument(base), candles };
  });
  const markets = told.map((one) => ({ ...one, candles: seriesOf(one.candles) }));
  const account = new Account({ markets, timeframe: TIMEFRAME, ...options });
  const times = [...new Set(told.flatMap((one) => one.candles.map((c) => c.closeTimeMs)))];
  const closes = times
    .sort((a, b) => a - b)
    .map((timeMs): MarketClose => {
      const entries = told.flatMap(({ instrument: { symbol }, candles }) => {
        const at = candles.findIndex((candle) => candle.closeTimeMs === timeMs);
        const candle = candles[at];
        return candle ? [{ symbol, candle, nextOpen: candles[at + 1]?.open ?? null }] : [];
      });
      return { timeMs, entries };
    });
  return { account, closes };
}

function trade(account: Account, close: MarketClose, side: 'BUY' | 'SELL') {
  return tradeAt(account, close, { side, place: 0 });
}

interface Wanted {
  readonly side: 'BUY' | 'SELL';
  readonly place: number;
}

function tradeAt(account: Account, close: MarketClose, { side, place }: Wanted) {
  const entry = close.entries[place];
  if (entry === undefined) throw new Error('no such market closes now');
  const { symbol, candle } = entry;
  account.mark(close.timeMs, new Map([[symbol, candle.close]]));
  const seen = { atr14: candle.close * 0.01, volatility20: 0.005, candles: [candle] };
  const { timeMs: closeTimeMs } = close;
  return account.trade({
    symbol,
    side,
    closeTimeMs,
    close: candle.close,
    confidenceBp: 9_000,
    ...seen,
  });
}

/** Flat, then as given. */
function calm(...then: readonly Shape[]): readonly Shape[] {
  const still = { move: 0, above: 0.001, below: 0.001, volume: 1_000 };
  return [...Array.from({ length: 8 }, () => still), ...then];
}

const STILL: Shape = { move: 0, above: 0.001, below: 0.001, volume: 1_000 };

function cashAfter(account: Account, fills: readonly FillRecord[]): Decimal {
  return fills.reduce(
    (cash, { side, quantity, price, fee, feeAsset }) => {
      const worth = Decimal.of(quantity).times(price);
      const quoteFee = feeAsset === 'USDT' ? Decimal.of(fee) : Decimal.of(0);
      return side === 'BUY' ? cash.minus(worth).minus(quoteFee) : cash.plus(worth).minus(quoteFee);
    },
    Decimal.of(account.capital['USDT'] ?? 0),
  );
}

describe('account in memory', () => {
  test('entry - sized by the rules, bought at the next open, its stop rests', () => {
    const { account, closes } = market({ BTC: calm() });
    for (const close of closes.slice(0, 6)) account.meet(close);
    const record = trade(account, closes[5] as MarketClose, 'BUY');
    expect(record).toMatchObject({ side: 'BUY', purpose: 'entry', state: 'filled' });
    expect(account.fills.every(({ price }) => Number(price) > 100)).toBe(true);
    const stop = account.orders.at(-1);
    expect(stop).toMatchObject({ purpose: 'stop', side: 'SELL', state: 'resting' });
    // Entry less three average true ranges, and the fee has made the entry dearer.
    expect(Number(stop?.stopPrice)).toBeCloseTo(Number(account.entryPrice('BTC/USDT')) - 3, 1);
    expect(account.holdings('BTC/USDT')).toMatchObject({ openOrders: 1 });
    expect(account.exposure()).toBeGreaterThan(0.1);
  });

  test('fall through the stop - sold at the stop, the guard closes, nothing is bought soon', () => {
    const fall = { move: -0.05, above: 0, below: 0.001, volume: 1_000 };
    const { account, closes } = market({ BTC: calm(fall, STILL, STILL, STILL, STILL, STILL) });
    for (const close of closes.slice(0, 8)) account.meet(close);
    trade(account, closes[7] as MarketClose, 'BUY');
    const stop = account.orders.at(-1)?.stopPrice;
    account.meet(closes[8] as MarketClose);
    expect(account.fills.at(-1)).toMatchObject({ purpose: 'stop', price: stop });
    expect(account.sellable('BTC/USDT')).toBe('0');
    expect(account.trades).toMatchObject([{ endedBy: 'stop', closedAtMs: closes[8]?.timeMs }]);
    const early = trade(account, closes[8] as MarketClose, 'BUY');
    expect(early.reason).toMatch(/^a position in this symbol was closed a short while ago/);
    for (const close of closes.slice(9)) account.meet(close);
    expect(trade(account, closes.at(-1) as MarketClose, 'BUY').state).toBe('filled');
  });

  test('gap under the stop and its limit - sold at what the market then pays', () => {
    const gap = { move: -0.06, above: 0, below: 0, volume: 1_000 };
    const { account, closes } = market({ BTC: calm(gap, STILL, STILL) });
    // The next candle opens where this one closed, so the fall is inside one candle, and the next
    // is under everything.
    const [before, after] = [closes[7] as MarketClose, closes[8] as MarketClose];
    for (const close of closes.slice(0, 8)) account.meet(close);
    trade(account, before, 'BUY');
    const [entry] = after.entries;
    if (!entry) throw new Error('a market must close');
    const { close } = entry.candle;
    const candle = { ...entry.candle, open: close, high: close, low: close };
    account.meet({ ...after, entries: [{ ...entry, candle }] });
    const sold = account.fills.filter(({ side }) => side === 'SELL');
    expect(sold.length).toBeGreaterThan(0);
    for (const { price } of sold) expect(Number(price)).toBeLessThanOrEqual(close);
    expect(account.sellable('BTC/USDT')).toBe('0');
  });

  test('exit - the stop is taken back first, all is sold, and the guard closes', () => {
    const { account, closes } = market({ BTC: calm() });
    for (const close of closes.slice(0, 6)) account.meet(close);
    trade(account, closes[5] as MarketClose, 'BUY');
    account.meet(closes[6] as MarketClose);
    expect(trade(account, closes[6] as MarketClose, 'SELL')).toMatchObject({ state: 'filled' });
    const states = account.orders.map(({ purpose, state }) => `${purpose} ${state}`);
    expect(states).toEqual(['entry filled', 'stop not_filled', 'exit filled']);
    expect(account.holdings('BTC/USDT')).toMatchObject({ quantity: '0', openOrders: 0 });
    expect(trade(account, closes[6] as MarketClose, 'SELL')).toMatchObject({ state: 'nothing' });
  });

  test('open that nobody would believe - nothing is bought there', () => {
    const { account, closes } = market({ BTC: calm() });
    const spiked = closes.map((close, at): MarketClose => {
      const nextOpen = at === 6 ? 50 : 100;
      return { ...close, entries: close.entries.map((entry) => ({ ...entry, nextOpen })) };
    });
    for (const close of spiked.slice(0, 7)) account.meet(close);
    const record = trade(account, spiked[6] as MarketClose, 'BUY');
    expect(record).toMatchObject({ state: 'not_filled', executedQuantity: '0' });
    expect(account.equity()).toBe(10_000);
    account.meet(spiked[7] as MarketClose);
    expect(trade(account, spiked[7] as MarketClose, 'BUY')).toMatchObject({ state: 'filled' });
  });

  test('deep fall - the drawdown limit halts buying for good', () => {
    const half = { move: -0.02, above: 0, below: 0, volume: 1_000 };
    const shapes = calm(
      ...Array.from({ length: 6 }, () => half),
      ...Array.from({ length: 9 }, () => STILL),
    );
    const limits = { maxDrawdownBps: 20, maxDailyLossBps: 10_000, cooldownMinutes: 0 };
    const { account, closes } = market({ BTC: shapes }, { limits });
    const told = closes.slice(0, 8);
    for (const close of told) account.meet(close);
    trade(account, closes[7] as MarketClose, 'BUY');
    for (const close of closes.slice(8)) account.meet(close);
    const last = closes.at(-1) as MarketClose;
    expect(trade(account, last, 'BUY').reason).toMatch(/^the fall from the peak/);
    expect(trade(account, last, 'BUY').reason).toMatch(/^a halt forbids it/);
  });

  test.each([
    ['no capital', { capital: { USDT: '0' } }, /positive/],
    ['negative capital', { capital: { USDT: '-5' } }, /positive/],
    ['capital of another asset', { capital: { EUR: '5' } }, /USDT/],
    ['limits nobody may have', { limits: { maxPositionBps: 20_000 } }, /maxPositionBps/],
  ])('%s - refused', (_, options, text) => {
    expect(() => market({ BTC: calm() }, options)).toThrow(text);
  });

  test('any wishes over any candles - books and venue agree, money is conserved', () => {
    const wish = fc.record({
      at: fc.nat({ max: 59 }),
      place: fc.nat({ max: 1 }),
      side: fc.constantFrom('BUY' as const, 'BUY' as const, 'SELL' as const),
    });
    const shapes = fc.oneof(
      anyShapes(fc),
      fc.integer({ min: 1, max: 1_000_000 }).map((seed) => walk(seed, 60)),
    );
    const wishes = fc.array(wish, { maxLength: 25 });
    fc.assert(
      fc.property(shapes, shapes, wishes, (one, two, asked) => {
        const limits = { cooldownMinutes: 0, maxVolatilityBps: 10_000 };
        const { account, closes } = market({ BTC: one, ETH: two }, { limits });
        closes.forEach((close, at) => {
          account.meet(close);
          for (const { place, side } of asked.filter((wanted) => wanted.at === at)) {
            if (close.entries[place]) tradeAt(account, close, { side, place });
          }
          expectSound(account, close);
        });
        account.finish();
        expectConserved(account, closes);
      }),
      { numRuns: 60 },
    );
  });
});

function expectSound(account: Account, close: MarketClose): void {
  let base = 0;
  for (const { asset, ours, venue } of account.balances()) {
    for (const [at, amount] of ours.entries()) {
      expect(
        Decimal.of(amount).eq(venue[at] ?? '-1'),
        `${asset}: ${ours.join(' ')} and ${venue.join(' ')}`,
      ).toBe(true);
      expect(Decimal.of(amount).isNegative()).toBe(false);
    }
    base += asset === 'USDT' ? 0 : 1;
  }
  const cash = account.balances().find(({ asset }) => asset === 'USDT');
  const total = Decimal.of(cash?.ours[0] ?? 0).plus(cash?.ours[1] ?? 0);
  expect(total.eq(cashAfter(account, account.fills))).toBe(true);
  if (base === 0) expect(account.equity()).toBe(total.toNumber());
  expect(account.exposure()).toBeGreaterThanOrEqual(0);
  expect(account.exposure()).toBeLessThanOrEqual(1);
  for (const { symbol } of close.entries) {
    expect(account.holdings(symbol).openOrders).toBeLessThanOrEqual(1);
  }
}

/** All profits together are what the money has changed by; what is left over is less than a lot of
 * each market. */
function expectConserved(account: Account, closes: readonly MarketClose[]): void {
  const won = account.trades.reduce((sum, { profit }) => sum.plus(profit), Decimal.of(0));
  const told = Decimal.of(account.capital['USDT'] ?? 0)
    .plus(won)
    .toNumber();
  const dearest = Math.max(
    0,
    ...closes.flatMap(({ entries }) => entries.map((e) => e.candle.high)),
  );
  const left = account.equity() - told;
  expect(Math.abs(left)).toBeLessThanOrEqual(2 * 0.00001 * dearest + 1e-6);
}
