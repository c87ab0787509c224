import { describe, expect, test } from 'vitest';
import { isRefusal } from './refusals.ts';

const answer = (status: number, code: string, text = '') => ({ status, code, text });

describe('refusal', () => {
  test('listed code - the venue certainly has no such order', () => {
    expect(isRefusal('binance', answer(400, '-1013', 'Filter failure: LOT_SIZE'))).toBe(true);
    expect(isRefusal('binance', answer(400, '-2010', 'Account has insufficient balance'))).toBe(
      true,
    );
  });

  test.each([
    ['5xx with a listed code', answer(503, '-2010')],
    ['timeout inside the venue', answer(400, '-1007')],
    ['unexpected response inside the venue', answer(400, '-1006')],
    ['unknown code', answer(400, '-4242')],
    ['no code', answer(400, '')],
    ['2xx', answer(200, '-1013')],
  ])('%s - proves nothing', (_name, given) => {
    expect(isRefusal('binance', given)).toBe(false);
  });

  test('duplicate order sent - an earlier send arrived, which is no rejection', () => {
    expect(isRefusal('binance', answer(400, '-2010', 'Duplicate order sent.'))).toBe(false);
  });

  test('exchange nobody studied - nothing is a rejection', () => {
    expect(isRefusal('kraken', answer(400, '-1013'))).toBe(false);
  });
});
