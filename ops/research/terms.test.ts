/** The terms of an account from a command line. Failure would look like: a fee of a hundred per
 * cent more than there is, or capital of nothing, that is calculated with in silence. */
import { describe, expect, test } from 'vitest';
import { accountOf, type TermFlags } from './terms.ts';

describe('terms of an account', () => {
  test('nothing said: the defaults', () => {
    expect(accountOf({}, 'USDT')).toEqual({ conditions: {}, limits: {} });
  });

  test('everything said', () => {
    const flags: TermFlags = {
      capital: '2500.50',
      feesBps: '7.5',
      halfSpreadBps: '0',
      slippage: '2:0.01',
      limits: ['maxPositionBps=5000', 'maxOrderQuote=900'],
    };
    expect(accountOf(flags, 'EUR')).toEqual({
      capital: { EUR: '2500.50' },
      conditions: {
        makerFeeBps: 7.5,
        takerFeeBps: 7.5,
        halfSpreadBps: 0,
        levelStepBps: 2,
        depthShare: 0.01,
      },
      limits: { maxPositionBps: 5000, maxOrderQuote: '900' },
    });
    expect(accountOf({ slippage: '3' }, 'EUR').conditions).toEqual({ levelStepBps: 3 });
  });

  test.each<[TermFlags, string]>([
    [{ capital: '0' }, '--capital must be a positive amount like 10000, was 0'],
    [{ capital: '-5' }, 'was -5'],
    [{ capital: 'NaN' }, 'was NaN'],
    [{ capital: '1e5' }, 'was 1e5'],
    [{ capital: 'Infinity' }, 'was Infinity'],
    [{ capital: '' }, '--capital must be'],
    [{ feesBps: '10001' }, '--fees-bps must be 0 to 10000 basis points (100 %), was 10001'],
    [{ feesBps: '-1' }, 'was -1'],
    [{ feesBps: 'NaN' }, 'was NaN'],
    [{ halfSpreadBps: '1001' }, '--half-spread-bps must be 0 to 1000 basis points, was 1001'],
    [{ slippage: '1:2' }, '--slippage must be bps or bps:share'],
    [{ slippage: '1:0' }, '--slippage must be bps or bps:share'],
    [{ slippage: '1:0.1:3' }, '--slippage must be bps or bps:share'],
    [{ slippage: 'much' }, '--slippage must be 0 to 1000 basis points, was much'],
    [{ limits: ['maxPositionBps'] }, '--limits must be k=v'],
    [{ limits: ['maxPositionBps=0'] }, 'maxPositionBps: expected an integer 1 to 10000, found 0'],
    [{ limits: ['maxPositonBps=5'] }, 'maxPositonBps: expected one of'],
    [{ limits: ['hedge=true'] }, 'hedge: expected null or an object'],
  ])('%j - refused', (flags, message) => {
    expect(() => accountOf(flags, 'USDT')).toThrow(message);
  });
});
