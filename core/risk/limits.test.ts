import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAmount } from '../market/money.ts';
import { DEFAULT_LIMITS, LIMIT_RANGES, parseRiskLimits, RiskLimitsError } from './limits.ts';

const HEDGE = { instrument: 'BTCDOWN/USDT', fromDrawdownBps: 800, ratioBps: 5_000 };
const REBALANCE = { targets: { 'BTC/USDT': 3_000 }, bandBps: 100 };

describe('risk limits', () => {
  test('read - a hedge and a rebalancing, with what was left out of it', () => {
    const limits = parseRiskLimits({ hedge: HEDGE, rebalance: REBALANCE });
    expect(limits.hedge).toEqual(HEDGE);
    const rest = { sectors: {}, sectorTargets: {}, everyDays: 7 };
    expect(limits.rebalance).toEqual({ ...REBALANCE, ...rest });
    expect(parseRiskLimits({ hedge: null, rebalance: null })).toEqual(DEFAULT_LIMITS);
  });

  test.each(Object.entries(LIMIT_RANGES))(
    'range of %s - its ends stand, one beyond not',
    (...of) => {
      const [field, [low, high]] = of;
      for (const value of [low, high]) {
        expect(parseRiskLimits({ [field]: value })).toMatchObject({ [field]: value });
      }
      for (const value of [low - 1, high + 1]) {
        expect(() => parseRiskLimits({ [field]: value })).toThrow(`${field}: expected an integer`);
      }
    },
  );

  test('read - what is left out keeps its default', () => {
    expect(parseRiskLimits({})).toEqual(DEFAULT_LIMITS);
    expect(parseRiskLimits({ maxOrderQuote: '50', maxSlippageBps: 0 })).toEqual({
      ...DEFAULT_LIMITS,
      maxOrderQuote: '50',
      maxSlippageBps: 0,
    });
  });

  test.each([
    [null, 'risk limits: expected an object, found null'],
    [[], 'expected an object, found []'],
    [{ maxOrderQuote: 50 }, 'maxOrderQuote: expected a positive decimal string, found 50'],
    [{ maxOrderQuote: '0.00' }, 'maxOrderQuote: expected a positive decimal string, found "0.00"'],
    [{ maxOrderQuote: '-1' }, 'maxOrderQuote: expected a positive decimal string, found "-1"'],
    [{ maxPositionBps: 10_001 }, 'maxPositionBps: expected an integer 1 to 10000, found 10001'],
    [{ maxDrawdownBps: 0.5 }, 'maxDrawdownBps: expected an integer 1 to 10000, found 0.5'],
    [{ maxDailyLossBps: '5' }, 'maxDailyLossBps: expected an integer 1 to 10000, found "5"'],
    [{ maxDailyLosBps: 5 }, 'maxDailyLosBps: expected one of maxOrderQuote, maxPositionBps'],
    [JSON.parse('{"__proto__": 1}'), '__proto__: expected one of'],
    [{ stopAtrPct: 0 }, 'stopAtrPct: expected an integer 10 to 5000, found 0'],
    [{ maxOrdersPerMinute: 0 }, 'maxOrdersPerMinute: expected an integer 1 to 600, found 0'],
    [{ hedge: {} }, 'hedge.instrument: expected a symbol like BTC/USDT, found undefined'],
    [{ hedge: { ...HEDGE, ratioBps: 0 } }, 'hedge.ratioBps: expected an integer 1 to 10000'],
    [{ hedge: { ...HEDGE, ratio: 1 } }, 'hedge.ratio: expected one of instrument, fromDraw'],
    [{ hedge: HEDGE, maxDrawdownBps: 800 }, 'hedge.fromDrawdownBps: expected below maxDrawdown'],
    [{ rebalance: [] }, 'rebalance: expected null or an object, found []'],
    [{ rebalance: { ...REBALANCE, bandBps: 0 } }, 'rebalance.bandBps: expected an integer 1 to'],
    [{ rebalance: { ...REBALANCE, targets: { BTC: 1 } } }, 'rebalance.targets: expected a symbol'],
    [
      { rebalance: { ...REBALANCE, targets: { 'BTC/USDT': 6_000, 'ETH/USDT': 4_001 } } },
      'rebalance.targets: expected at most 10000 together, found 10001',
    ],
    [
      { rebalance: { ...REBALANCE, sectors: { 'ETH/USDT': 'coins' } } },
      'rebalance.sectors: expected a target of "ETH/USDT"',
    ],
    [
      { rebalance: { ...REBALANCE, sectorTargets: { 'No Sector': 1 } } },
      'rebalance.sectorTargets: expected a sector of a-z',
    ],
  ])('read - %j is refused by name', (json, message) => {
    expect(() => parseRiskLimits(json)).toThrow(message);
  });

  test('read - whatever is given, it is limits within their ranges or a refusal', () => {
    const hostile = fc.oneof(
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 60, '1e5', 'NaN'),
      ...[fc.jsonValue(), fc.integer(), fc.double(), fc.constant(HEDGE), fc.constant(REBALANCE)],
      fc.dictionary(fc.constantFrom(...Object.keys(HEDGE), 'targets', 'sectors'), fc.jsonValue()),
      fc.integer({ min: -1, max: 700 }),
    );
    const field = fc.constantFrom(...Object.keys(DEFAULT_LIMITS), '__proto__', 'constructor');
    const given = fc.oneof(fc.jsonValue(), fc.dictionary(field, hostile, { maxKeys: 3 }));
    let taken = 0;
    fc.assert(
      fc.property(given, (json) => {
        try {
          const limits = parseRiskLimits(json);
          taken += 1;
          expect(isAmount(limits.maxOrderQuote) && Number(limits.maxOrderQuote) > 0).toBe(true);
          for (const [name, [low, high]] of Object.entries(LIMIT_RANGES)) {
            const value = limits[name as keyof typeof LIMIT_RANGES];
            expect(Number.isInteger(value) && value >= low && value <= high, name).toBe(true);
          }
          expect(Object.keys(limits).sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort());
        } catch (error) {
          expect(error).toBeInstanceOf(RiskLimitsError);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(taken).toBeGreaterThan(10);
  });

  test('read - every fault is named at once', () => {
    expect(() => parseRiskLimits({ maxSlippageBps: -1, riskPerTradeBps: null })).toThrow(
      /maxSlippageBps.*; riskPerTradeBps/,
    );
  });
});
