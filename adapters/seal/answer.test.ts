import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ANSWERS,
  type AnswerFacts,
  answerText,
  objectionToAnswer,
} from '../../core/debate/answer.ts';
import type { SignedAnswer } from '../../proto/escalation.ts';
import { questionAbout } from '../../tests/answers-signing.ts';
import { signAnswer } from './answer.ts';
import { generateKeys, isSignedBy, keyIdOf, publicKeyOf, signText } from './signature.ts';

/** Failure here means: a yes that nobody said is taken for one. */

const HEX = Array.from({ length: 16 }, (_, digit) => digit.toString(16));
const ana = generateKeys();
const eve = generateKeys();
const ANA = 'user-ana';
const NOW_MS = Date.UTC(2024, 7, 5, 6);

const QUESTION = questionAbout({
  namespace: 'corro',
  escalationId: 'e'.repeat(64),
  decisionId: 'd'.repeat(64),
  userId: ANA,
  username: 'ana',
  venue: 'paper',
  symbol: 'BTC/USDT',
  timeframe: '5m',
  side: 'BUY',
  confidenceBp: 4_000,
  referencePrice: '50000',
  askedAtMs: NOW_MS,
  deadlineMs: NOW_MS + 900_000,
  clock: 'tape',
});
const ASKED = { ...QUESTION, ...QUESTION.asking, expiresAtMs: QUESTION.deadlineMs };
const YES = signAnswer(ana.privatePem, QUESTION, { verb: 'approve' });

function objection(answer: SignedAnswer, facts: Partial<AnswerFacts> = {}) {
  const keys = new Map([
    [keyIdOf(ana.publicKey), { userId: ANA, publicKey: ana.publicKey }],
    [keyIdOf(eve.publicKey), { userId: 'user-eve', publicKey: eve.publicKey }],
  ]);
  const key = keys.get(answer.keyId);
  return objectionToAnswer(answer, ASKED, {
    key: key === undefined ? null : { userId: key.userId, revoked: false },
    genuine: () => isSignedBy(key?.publicKey ?? '', answerText(answer), answer.signature),
    nonceUsed: false,
    nowMs: NOW_MS,
    ...facts,
  });
}

const resigned = (changed: Partial<SignedAnswer>): SignedAnswer => {
  const answer = { ...YES, ...changed };
  return { ...answer, signature: signText(ana.privatePem, answerText(answer)) };
};

describe('signed answer', () => {
  test('the genuine one - has nothing against it', () => {
    expect(objection(YES)).toBeNull();
  });

  test('Ed25519 - the same answer has the same signature', () => {
    expect(signAnswer(ana.privatePem, QUESTION, { verb: 'approve' })).toEqual(YES);
  });

  test.each([
    ['unknown_key', { ...YES, keyId: 'f'.repeat(64) }, {}],
    ['other_users_key', signAnswer(eve.privatePem, QUESTION, { verb: 'approve' }), {}],
    ['revoked_key', YES, { key: { userId: ANA, revoked: true } }],
    ['forged', { ...YES, signature: 'ab'.repeat(64) }, {}],
    ['forged', { ...YES, verb: 'modify', quantity: '0.02' }, {}],
    ['forged', { ...YES, verb: 'reject' }, {}],
    ['forged', { ...YES, expiresAtMs: YES.expiresAtMs - 1 }, {}],
    ['forged', { ...YES, signature: signText(eve.privatePem, answerText(YES)) }, {}],
    ['other_question', resigned({ escalationId: 'f'.repeat(64) }), {}],
    ['other_question', resigned({ decisionId: 'f'.repeat(64) }), {}],
    ['old_asking', resigned({ ask: 2 }), {}],
    ['old_asking', resigned({ nonce: 'f'.repeat(64) }), {}],
    ['used', YES, { nonceUsed: true }],
    ['expired', YES, { nowMs: YES.expiresAtMs }],
    ['overlong', resigned({ expiresAtMs: YES.expiresAtMs + 1 }), {}],
    ['other_parameters', resigned({ parameterHash: 'f'.repeat(64) }), {}],
  ] as const)('%s - is refused under its code', (code, answer, facts) => {
    const refused = objection(answer, facts);
    expect(refused?.code).toBe(code);
    expect(refused?.reason.startsWith(`${code}: `)).toBe(true);
  });

  test('several faults - the first check speaks', () => {
    const old = resigned({ ask: 2, parameterHash: 'f'.repeat(64) });
    expect(objection({ ...old, signature: '00'.repeat(64) })).toMatchObject({ code: 'forged' });
    expect(objection(old, { nonceUsed: true })).toMatchObject({ code: 'old_asking' });
    expect(objection(YES, { nonceUsed: true, nowMs: YES.expiresAtMs })?.code).toBe('used');
  });

  test('10,000 forgeries - none is accepted, none breaks the check', () => {
    const hex = (length: number) =>
      fc.string({
        unit: fc.constantFrom(...HEX),
        minLength: length,
        maxLength: length,
      });
    const content = fc.record({
      escalationId: fc.constantFrom(YES.escalationId, 'f'.repeat(64)),
      decisionId: fc.constantFrom(YES.decisionId, 'f'.repeat(64)),
      ask: fc.constantFrom(1, 2),
      verb: fc.constantFrom(...ANSWERS),
      quantity: fc.option(fc.constantFrom('0.01', '0.02', '1'), { nil: undefined }),
      parameterHash: fc.oneof(fc.constant(YES.parameterHash), hex(64)),
      nonce: fc.oneof(fc.constant(YES.nonce), hex(64)),
      expiresAtMs: fc.constantFrom(YES.expiresAtMs, YES.expiresAtMs - 1),
    });
    const flipped = fc.nat(511).map((bit) => {
      const bytes = Buffer.from(YES.signature, 'hex');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return bytes.toString('hex');
    });
    // Eve has her own key, Ana's signed answer, and all the randomness she wants.
    const signature = fc.oneof(fc.constant(YES.signature), hex(128), flipped, fc.string());
    const keyId = fc.constantFrom(keyIdOf(ana.publicKey), keyIdOf(eve.publicKey), '0'.repeat(64));
    const forgery = fc
      .tuple(content, signature, keyId, fc.boolean())
      .map(([said, random, key, byEve]) => ({
        ...said,
        keyId: key,
        signature: byEve ? signText(eve.privatePem, answerText(said)) : random,
      }));
    let refused = 0;
    fc.assert(
      fc.property(forgery, (answer) => {
        const genuine =
          answerText(answer) === answerText(YES) && answer.signature === YES.signature;
        fc.pre(!(genuine && answer.keyId === YES.keyId));
        expect(objection(answer)).not.toBeNull();
        refused += 1;
      }),
      { numRuns: 10_000 },
    );
    expect(refused).toBeGreaterThanOrEqual(10_000);
  }, 120_000);
});

describe('keys', () => {
  test('a key that is none of ours - signs and proves nothing', () => {
    expect(() => publicKeyOf('no key')).toThrow(/must be an Ed25519 private key/);
    for (const key of ['', 'AAAA', Buffer.alloc(44).toString('base64')]) {
      expect(isSignedBy(key, 'text', YES.signature)).toBe(false);
    }
  });

  test('two pairs - have two names', () => {
    expect(publicKeyOf(ana.privatePem)).toBe(ana.publicKey);
    expect(keyIdOf(ana.publicKey)).not.toBe(keyIdOf(eve.publicKey));
  });
});
