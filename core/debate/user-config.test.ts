import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  DEFAULT_USER_RULES,
  parseUserRules,
  parseUserWeights,
} from './user-config.ts';

const refusal = (read: () => unknown): ConfigError => {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

describe('user rules', () => {
  test('nothing said - the defaults', () => {
    expect(parseUserRules({})).toEqual(DEFAULT_USER_RULES);
  });

  test('what is said - is read', () => {
    const json = { thresholdBp: 6_000, quorum: 7, alwaysAsk: true, allowedSymbols: ['BTC/USDT'] };
    expect(parseUserRules(json)).toMatchObject(json);
  });

  test.each([
    [
      { thresholdBp: 4_999 },
      'rules.thresholdBp must be a whole number from 5000 to 9500, was 4999',
    ],
    [{ quorum: 4 }, 'rules.quorum must be a whole number from 5 to 7, was 4'],
    [{ quorum: '6' }, 'rules.quorum must be a whole number from 5 to 7, was "6"'],
    [{ askFromBp: Number.NaN }, 'rules.askFromBp must be a whole number from 0 to 10000, was NaN'],
    [{ alwaysAsk: 'yes' }, 'rules.alwaysAsk must be true or false, was "yes"'],
    [
      { allowedSymbols: ['btc'] },
      'rules.allowedSymbols[0] must be a symbol like BTC/USDT, was "btc"',
    ],
    [
      { allowedSides: ['HOLD'] },
      'rules.allowedSides must be a list of BUY and SELL, was a list of 1',
    ],
    [[], 'rules must be an object, was a list of 0'],
    [null, 'rules must be an object, was null'],
  ])('%j - is refused by name', (json, message) => {
    expect(refusal(() => parseUserRules(json)).message).toBe(message);
  });

  test('an unknown field - is refused, because a misspelt rule protects nobody', () => {
    expect(refusal(() => parseUserRules({ alwaysask: true })).field).toBe('rules.alwaysask');
  });
});

describe('user weights', () => {
  test('multipliers - become basis points', () => {
    expect(parseUserWeights({ strategist: 1.5, auditor: 0.0001, executor: 0 })).toEqual({
      strategist: 15_000,
      auditor: 1,
      executor: 0,
    });
  });

  test.each([-1, 10.5, 0.00001, Number.NaN, '1', null])('%s - is refused by name', (value) => {
    const error = refusal(() => parseUserWeights({ strategist: value }));
    expect(error.field).toBe('weights.strategist');
    expect(error.expected).toBe('a number from 0 to 10 with at most four decimals');
  });

  test('three muted assistants - could never meet the quorum', () => {
    const two = { executor: 0, auditor: 0 };
    expect(parseUserWeights(two)).toEqual(two);
    expect(refusal(() => parseUserWeights({ ...two, strategist: 0 })).field).toBe('weights');
  });

  test('an unknown assistant - is refused', () => {
    expect(refusal(() => parseUserWeights({ oracle: 1 })).message).toContain('market_monitor');
  });
});
