/** The warning of a model that is judged on what it learned from. Failure would look like: a model
 * praised for remembering, or an honest test called none. */
import { describe, expect, test } from 'vitest';
import type { ModelCard } from '../../core/models/contract.ts';
import { inSampleOf, inSampleText } from './in-sample.ts';

const TRAINED_TO_MS = Date.UTC(2023, 0, 1) - 1;
const HASH = 'a'.repeat(64);
const CARD: ModelCard = {
  contract: 1,
  features: { version: 1, hash: 'b'.repeat(64), names: ['one'] },
  label: { targetAtrs: 2, stopAtrs: 2, horizonCandles: 12, roundTripCost: 0.002 },
  data: {
    ...{ hash: 'c'.repeat(64), rows: 1_000, timeframe: '1h', symbols: ['BTC/USDT'] },
    ...{ fromMs: Date.UTC(2022, 0, 1), toMs: TRAINED_TO_MS },
  },
  runId: 'd'.repeat(64),
};
const MODEL = { hash: HASH, card: CARD };
const ML = { strategy: { name: 'ml', parameters: { enter: 0.1, model: HASH } } };
const ENSEMBLE = { strategy: { name: 'ensemble', parameters: { modelHash: HASH } } };
const COUNCIL = { strategy: { name: 'council', parameters: {} } };

describe('a model judged on what it was fitted on', () => {
  test.each([
    ['the candle after its last one', TRAINED_TO_MS + 1, null],
    ['its very last millisecond', TRAINED_TO_MS, ['ml']],
    ['long before', 0, ['ml']],
  ])('judged from %s', (_, fromMs, strategies) => {
    const found = inSampleOf({ model: MODEL, runs: [COUNCIL, ML], fromMs });
    expect(found?.strategies ?? null).toEqual(strategies);
  });

  test('only who asked it is named; without a model nobody is', () => {
    const fromMs = 0;
    expect(inSampleOf({ model: MODEL, runs: [COUNCIL], fromMs })).toBeNull();
    expect(inSampleOf({ model: null, runs: [ML], fromMs })).toBeNull();
    const both = inSampleOf({ model: MODEL, runs: [ML, ENSEMBLE, ML], fromMs });
    expect(both?.strategies).toEqual(['ml', 'ensemble']);
  });

  test('the parameters of a walk forward are looked through window by window', () => {
    const parameters = {
      walkForward: [
        { enter: 0.1, model: HASH },
        { enter: 0.2, model: HASH },
      ],
    };
    const runs = [{ strategy: { name: 'walk-forward:ml', parameters } }];
    const found = inSampleOf({ model: MODEL, runs, fromMs: 0 });
    expect(found).toEqual({
      strategies: ['walk-forward:ml'],
      trainedToMs: TRAINED_TO_MS,
      fromMs: 0,
    });
    expect(found === null ? '' : inSampleText(found)).toBe(
      'IN SAMPLE: the model that walk-forward:ml asked was fitted on candles up to ' +
        '2022-12-31T23:59:59.999Z, and what is judged here begins at 1970-01-01T00:00:00.000Z. ' +
        'It has seen what came: up to then this is no test of it.',
    );
  });
});
