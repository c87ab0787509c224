import { describe, expect, test } from 'vitest';
import { answerText, approvedBy, isOutOfReach, questionText, withinApproval } from './answer.ts';

/** Failure here means: an order trades more than a person allowed, or at a worse price. */

const TERMS = { quantity: '0.01', limitPrice: '50250' };
const YES = { verb: 'approve' } as const;

describe('what a yes allows', () => {
  test('approve - what was proposed; modify - what was said; reject - nothing', () => {
    expect(approvedBy(YES, TERMS)).toEqual({ quantity: '0.01', limitPrice: '50250' });
    const less = { verb: 'modify', quantity: '0.004' } as const;
    expect(approvedBy(less, TERMS)).toEqual({ quantity: '0.004', limitPrice: '50250' });
    expect(approvedBy({ verb: 'reject' }, TERMS)).toBeNull();
  });

  test('nothing proposed - only a quantity of their own stands, never without a price', () => {
    const unsized = { ...TERMS, quantity: null };
    expect(approvedBy(YES, unsized)).toBeNull();
    expect(approvedBy({ verb: 'modify', quantity: '1' }, unsized)).toMatchObject({ quantity: '1' });
    expect(approvedBy(YES, { ...TERMS, limitPrice: null })).toBeNull();
  });
});

describe('within an approval', () => {
  const bound = { side: 'BUY', approved: TERMS, taken: '0' } as const;

  test.each([
    ['less at a better price stays', '0.005', '50000', '0', '0.005', '50000'],
    ['more is cut', '0.02', '50000', '0', '0.01', '50000'],
    ['a worse price is cut', '0.005', '50251', '0', '0.005', '50250'],
    ['what was asked for before counts', '0.01', '50000', '0.004', '0.006', '50000'],
  ])('buying - %s', (_, quantity, limitPrice, taken, most, worst) => {
    const sized = withinApproval({ quantity, limitPrice }, { ...bound, taken });
    expect(sized).toEqual({ quantity: most, limitPrice: worst });
  });

  test('selling - never below the approved price', () => {
    const sized = { quantity: '0.01', limitPrice: '49000' };
    const selling = withinApproval(sized, { ...bound, side: 'SELL' });
    expect(selling).toEqual({ quantity: '0.01', limitPrice: '50250' });
  });

  test('all of it asked for before, or no order at all - is a refusal', () => {
    const sized = { quantity: '0.01', limitPrice: '50000' };
    expect(withinApproval(sized, { ...bound, taken: '0.01' })).toMatchObject({
      refused: 'not_approved',
    });
    const refusal = { refused: 'no_cash', text: 'none' } as const;
    expect(withinApproval(refusal, bound)).toBe(refusal);
  });

  test.each([
    ['BUY', '50250', false],
    ['BUY', '50250.01', true],
    ['SELL', '50250', false],
    ['SELL', '50249.99', true],
    ['BUY', 'NaN', true],
  ] as const)('%s at %s - out of reach: %s', (side, price, out) => {
    expect(isOutOfReach(side, price, TERMS)).toBe(out);
  });
});

describe('words', () => {
  const asked = { symbol: 'BTC/USDT', referencePrice: '50000', why: 'your rules ask' };

  test('a question - says how much, near what, and at which price at worst', () => {
    const buy = { ...asked, ...TERMS, side: 'BUY', noSize: null } as const;
    expect(questionText(buy)).toBe('BUY 0.01 BTC/USDT near 50000, at most 50250? your rules ask.');
    expect(questionText({ ...buy, side: 'SELL' })).toContain(', at least 50250?');
  });

  test('a question without a quantity - says so, and why', () => {
    const unsized = { ...asked, ...TERMS, side: 'BUY', quantity: null, noSize: 'no cash' } as const;
    expect(questionText(unsized)).toBe(
      'BUY BTC/USDT near 50000, at most 50250? your rules ask. No quantity is proposed (no cash).',
    );
  });

  test('the signed text - has one form, and no field but its own', () => {
    const content = {
      escalationId: 'e',
      decisionId: 'd',
      ask: 1,
      verb: 'approve',
      parameterHash: 'p',
      nonce: 'n',
      expiresAtMs: 5,
    } as const;
    const text =
      '{"ask":1,"decisionId":"d","escalationId":"e","expiresAtMs":5,' +
      '"nonce":"n","parameterHash":"p","verb":"approve"}';
    expect(answerText(content)).toBe(text);
    expect(answerText({ ...content, quantity: undefined })).toBe(text);
    expect(answerText({ ...content, ...{ from: 'cli', keyId: 'k' } })).toBe(text);
  });
});
