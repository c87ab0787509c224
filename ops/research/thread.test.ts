/** Faults on their way between threads. Failure would look like: a strategy's own mistake shown as
 * a bug of ours, or a refusal that has lost its exit code. */
import { expect, test } from 'vitest';
import { StrategyFault } from '../../core/backtest/strategy-fault.ts';
import { CorroError } from '../../proto/errors.ts';
import { faultOf } from './thread.ts';

test('faults - a strategy is named with market and candle, refusals keep their code', () => {
  const at = { strategy: 'mine', symbols: ['BTC/USDT'], closeTimeMs: Date.UTC(2024, 0, 1) };
  expect(faultOf(new StrategyFault(at, 'threw: no'))).toEqual({
    code: 'failed',
    text: 'failed: strategy mine, BTC/USDT, candle closed at 2024-01-01T00:00:00.000Z: threw: no',
  });
  expect(faultOf(new CorroError('bad_model', 'cut short'))).toEqual({
    code: 'bad_model',
    text: 'the model cannot be used: cut short',
  });
  const bug = faultOf(new TypeError('undefined is not a function'));
  expect(bug.code).toBe('failed');
  expect(bug.text).toContain('thread.test.ts');
});
