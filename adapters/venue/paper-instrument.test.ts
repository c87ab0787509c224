import { describe, expect, test } from 'vitest';
import { instrumentFor } from './paper-instrument.ts';

describe('paper instrument', () => {
  test.each([
    ['BTC/USDT', 58_000, '0.01', '0.00001', '5'],
    ['ETH/USDT', 2_500, '0.01', '0.0001', '5'],
    ['DOGE/USDT', 0.1, '0.00001', '1', '5'],
    ['SHIB/USDT', 0.00001, '0.00000001', '1', '5'],
    ['ETH/BTC', 0.05, '0.000001', '0.0001', '0.0001'],
  ])('%s at %d - tick %s, lot %s, least order %s', (symbol, price, tick, lot, least) => {
    const { tickSize, lotSize, minNotional } = instrumentFor(symbol, [price]);
    expect([tickSize, lotSize, minNotional]).toEqual([tick, lot, least]);
  });

  test('absurd prints - the middle close decides', () => {
    expect(instrumentFor('BTC/USDT', [1e-9, 58_000, 59_000, 1e12, 60_000]).tickSize).toBe('0.01');
  });

  test('nothing to go by - refused', () => {
    expect(() => instrumentFor('BTC/USDT', [])).toThrow(/at least one positive price/);
    expect(() => instrumentFor('BTCUSDT', [1])).toThrow(/BTC\/USDT/);
  });
});
