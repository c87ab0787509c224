import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FEATURE_HASH, FEATURE_NAMES } from '../core/features/vector.ts';
import { hashOf } from '../core/hash.ts';
import { WireError } from './errors.ts';
import {
  MOST_PREDICT_MODELS,
  MOST_PREDICT_ROWS,
  type PredictedRow,
  type PredictRequest,
  predictReply,
  predictRequest,
} from './predict.ts';

// Failure here looks like: a model that is asked about other features than it is told, an answer
// that is no answer and is frozen into a snapshot, or bytes that end an actor host.

const hash = fc.nat().map((seed) => hashOf(seed));
const feature = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
const features = fc.array(feature, {
  minLength: FEATURE_NAMES.length,
  maxLength: FEATURE_NAMES.length,
});
const models = fc.uniqueArray(hash, { minLength: 1, maxLength: MOST_PREDICT_MODELS });
const request: fc.Arbitrary<PredictRequest> = fc
  .array(fc.record({ features, models }, { noNullPrototype: true }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((rows) => ({
    featureHash: FEATURE_HASH,
    rows: rows.map((row, at) => ({ symbol: `S${at}/USDT`, ...row })),
  }));
const prediction = fc
  .tuple(fc.nat(1_000), fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([a, b, share]) => {
    const [buy, sell] = [Math.min(a, b) / 1_000, Math.abs(a - b) / 1_000];
    const more = { magnitude: share * 3, confidence: share, risk: share / 2 };
    return { buy, sell, hold: 1 - buy - sell < 0 ? 0 : 1 - buy - sell, ...more };
  });
const code = fc.constantFrom(
  ...(['bad_model', 'unknown_model', 'other_features', 'unavailable'] as const),
);
const plain = { noNullPrototype: true };
const answer = fc.oneof(
  fc.record({ model: hash, ok: fc.constant(true as const), prediction }, plain),
  fc.record(
    { model: hash, ok: fc.constant(false as const), code, text: fc.constant('why') },
    plain,
  ),
);
const reply: fc.Arbitrary<readonly PredictedRow[]> = fc.array(
  fc.record(
    {
      symbol: fc.constantFrom('BTC/USDT', 'ETH/USDT'),
      answers: fc.array(answer, { minLength: 1, maxLength: MOST_PREDICT_MODELS }),
    },
    plain,
  ),
  { minLength: 1, maxLength: 12 },
);

const GOOD: PredictRequest = {
  featureHash: FEATURE_HASH,
  rows: [
    {
      symbol: 'BTC/USDT',
      features: FEATURE_NAMES.map((_, at) => (at % 5 === 0 ? null : at)),
      models: ['a'.repeat(64)],
    },
  ],
};
const [ROW] = GOOD.rows as [PredictRequest['rows'][number]];
const SURE = { buy: 0.5, sell: 0.25, hold: 0.25, magnitude: 0.01, confidence: 0.6, risk: 0.02 };

function faultOf(act: () => unknown): { code: string; field: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof WireError) return { code: error.code, field: error.field };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('predict - round trip', () => {
  test('requests and replies come back equal, to the sign of zero', () => {
    fc.assert(
      fc.property(request, reply, (asked, answered) => {
        expect(predictRequest.decode(predictRequest.encode(asked))).toStrictEqual(asked);
        expect(predictReply.decode(predictReply.encode(answered))).toStrictEqual(answered);
      }),
    );
  });

  test('noise - is a WireError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const { decode } of [predictRequest, predictReply]) {
          expect(() => decode(bytes)).toThrow(WireError);
        }
      }),
    );
  });

  test('the largest request there may be - fits', () => {
    const all = Array.from({ length: MOST_PREDICT_MODELS }, (_, at) => `${at}`.repeat(64));
    const rows = Array.from({ length: MOST_PREDICT_ROWS }, (_, at) => ({
      symbol: `SYMBOL${at}/QUOTE`,
      features: FEATURE_NAMES.map(() => Math.PI),
      models: all,
    }));
    expect(() => predictRequest.encode({ featureHash: FEATURE_HASH, rows })).not.toThrow();
  });
});

describe('predict - refused', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ ...ROW, symbol: `S${at}/USDT` }));
  const five = Array.from({ length: 6 }, (_, at) => `${at}`.repeat(64));
  const row = (change: Partial<typeof ROW>): PredictRequest => ({
    ...GOOD,
    rows: [{ ...ROW, ...change }],
  });

  test.each<[string, PredictRequest, string, string]>([
    ['no rows', { ...GOOD, rows: [] }, 'wire_missing', 'rows'],
    ['too many rows', { ...GOOD, rows: many(257) }, 'wire_value', 'rows'],
    ['a symbol twice', { ...GOOD, rows: [ROW, ROW] }, 'wire_value', 'rows'],
    ['no models', row({ models: [] }), 'wire_missing', 'rows[0].models'],
    ['six models', row({ models: five }), 'wire_value', 'rows[0].models'],
    ['a model twice', row({ models: [five[0]!, five[0]!] }), 'wire_value', 'rows[0].models'],
    ['no hash', row({ models: ['abc'] }), 'wire_value', 'rows[0].models[0]'],
    ['NaN', row({ features: [Number.NaN] }), 'wire_value', 'rows[0].features[0]'],
    ['few features', row({ features: [1, 2] }), 'wire_mismatch', 'rows[0].features'],
    ['another list', { ...GOOD, featureHash: 'x' }, 'wire_value', 'featureHash'],
  ])('%s', (_what, asked, refusal, field) => {
    expect(faultOf(() => predictRequest.encode(asked))).toEqual({ code: refusal, field });
  });

  test.each([
    ['a share above one', { ...SURE, buy: 1.5 }, 'wire_value', '.buy'],
    ['shares that sum to less', { ...SURE, buy: 0.1 }, 'wire_mismatch', ''],
    ['NaN', { ...SURE, risk: Number.NaN }, 'wire_value', '.risk'],
    ['less than nothing', { ...SURE, magnitude: -1 }, 'wire_value', '.magnitude'],
    ['without end', { ...SURE, risk: Number.POSITIVE_INFINITY }, 'wire_value', '.risk'],
  ])('an answer of %s', (_what, told, refusal, part) => {
    const answers = [{ model: 'a'.repeat(64), ok: true as const, prediction: told }];
    const encode = (): Uint8Array => predictReply.encode([{ symbol: 'BTC/USDT', answers }]);
    const field = `rows[0].answers[0].prediction${part}`;
    expect(faultOf(encode)).toEqual({ code: refusal, field });
  });
});
