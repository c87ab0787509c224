import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signAnswer } from '../adapters/seal/answer.ts';
import { generateKeys } from '../adapters/seal/signature.ts';
import { answerKey } from '../proto/escalation.ts';
import { questionAbout } from '../tests/answers-signing.ts';
import { readAnswer } from './answer-door.ts';

/** Failure here means: something that is no answer gets past the door, or breaks it. */

const QUESTION = questionAbout({
  namespace: 'corro',
  escalationId: 'e'.repeat(64),
  decisionId: 'd'.repeat(64),
  userId: '00000000-0000-4000-8000-000000000001',
  username: 'ana',
  venue: 'paper',
  symbol: 'BTC/USDT',
  timeframe: '5m',
  side: 'BUY',
  confidenceBp: 4_000,
  referencePrice: '50000',
  askedAtMs: Date.UTC(2024, 7, 5, 6),
  deadlineMs: Date.UTC(2024, 7, 5, 6, 15),
  clock: 'tape',
});
const { privatePem } = generateKeys();
const YES = signAnswer(privatePem, QUESTION, { verb: 'approve', from: 'cli' });
const LESS = signAnswer(privatePem, QUESTION, { verb: 'modify', quantity: '0.005' });

const RUNS = 2_000;

describe('answer door', () => {
  test.each([YES, LESS])('a signed answer - is read as it is', (answer) => {
    expect(readAnswer(answer)).toEqual({ kind: 'signed', answer });
  });

  test('one without a signature - is known to be unsigned', () => {
    expect(readAnswer({ verb: 'approve' })).toMatchObject({
      kind: 'unsigned',
      refusal: { code: 'unsigned' },
    });
  });

  test.each([
    ['a quantity with a yes', { ...YES, quantity: '1' }],
    ['no quantity to change to', { ...LESS, quantity: undefined }],
    ['a quantity in scientific notation', { ...LESS, quantity: '1e-3' }],
    ['a quantity of NaN', { ...LESS, quantity: 'NaN' }],
    ['a quantity that is a number', { ...LESS, quantity: 0.005 }],
    ['a negative quantity', { ...LESS, quantity: '-0.005' }],
    ['nothing of it', { ...LESS, quantity: '0.000' }],
    ['forty digits', { ...LESS, quantity: '1'.repeat(40) }],
    ['nineteen decimals', { ...LESS, quantity: `0.${'0'.repeat(18)}1` }],
    ['a space in it', { ...LESS, quantity: ' 0.005' }],
    ['a verb in capitals', { ...YES, verb: 'APPROVE' }],
    ['another field', { ...YES, side: 'SELL' }],
    ['half a signature', { ...YES, signature: YES.signature.slice(0, 64) }],
    ['a signature in capitals', { ...YES, signature: YES.signature.toUpperCase() }],
    ['no nonce', { ...YES, nonce: undefined }],
    ['an expiry as text', { ...YES, expiresAtMs: String(YES.expiresAtMs) }],
    ['an expiry of infinity', { ...YES, expiresAtMs: Number.POSITIVE_INFINITY }],
    ['a fraction of an asking', { ...YES, ask: 1.5 }],
    ['asking zero', { ...YES, ask: 0 }],
    ['control characters', { ...YES, from: '\u001b[2J' }],
  ])('%s - is no answer', (_, given) => {
    const read = readAnswer(given);
    expect(read).toMatchObject({ kind: 'malformed', refusal: { code: 'malformed' } });
  });

  test('what was sent - is never repeated in the refusal', () => {
    const read = readAnswer({ ...YES, from: '\u0007canary', 'canary-field': 'canary' });
    expect(JSON.stringify(read)).not.toContain('canary');
  });

  test(`${RUNS} hostile values - none gets through, none breaks the door`, () => {
    const hostile = fc.oneof(
      fc.anything({ maxDepth: 4, withNullPrototype: true, withBigInt: true, withDate: true }),
      fc.json().map((text) => JSON.parse(text) as unknown),
      mutations(YES),
      mutations(LESS),
      fc.constant(JSON.parse('{"__proto__": {"verb": "approve"}}') as unknown),
    );
    let broken = 0;
    fc.assert(
      fc.property(hostile, (given) => {
        const read = readAnswer(given);
        if (read.kind !== 'signed') {
          broken += 1;
          return;
        }
        // Only the two that were signed, with whatever name of the messenger, are answers.
        expect([YES.signature, LESS.signature]).toContain(read.answer.signature);
        expect(JSON.stringify(read).length).toBeLessThan(2_000);
      }),
      { numRuns: RUNS },
    );
    expect(broken).toBeGreaterThan(RUNS / 2);
  });

  test(`${RUNS} hostile values - the key of the seen ones never throws, and is short`, () => {
    fc.assert(
      fc.property(
        fc.anything({ maxDepth: 6, withBigInt: true, withSparseArray: true }),
        (given) => {
          const key = answerKey(given);
          if (key !== null) expect(key.length).toBeLessThan(20_000);
        },
      ),
      { numRuns: RUNS },
    );
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    expect(answerKey(deep)).toBeNull();
    expect(answerKey({ deep })).toBeNull();
    expect(answerKey({ from: 'x'.repeat(1_000_000) })).toBeNull();
  });
});

/** An answer with one of its fields replaced by anything, left out, or added to. */
function mutations(answer: object): fc.Arbitrary<unknown> {
  const field = fc.constantFrom(...Object.keys(answer).filter((name) => name !== 'from'));
  return fc.oneof(
    fc.tuple(field, fc.anything()).map(([name, value]) => ({ ...answer, [name]: value })),
    field.map((name) => Object.fromEntries(Object.entries(answer).filter(([one]) => one !== name))),
    fc.tuple(fc.string(), fc.anything()).map(([name, value]) => ({ ...answer, [name]: value })),
  );
}
