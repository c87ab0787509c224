import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, parseRiskLimits } from './limits.ts';

describe('risk limits', () => {
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
  ])('read - %j is refused by name', (json, message) => {
    expect(() => parseRiskLimits(json)).toThrow(message);
  });

  test('read - every fault is named at once', () => {
    expect(() => parseRiskLimits({ maxSlippageBps: -1, riskPerTradeBps: null })).toThrow(
      /maxSlippageBps.*; riskPerTradeBps/,
    );
  });
});
