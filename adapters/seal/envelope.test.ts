import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Envelope, rewrap, SealError, type Sealed, seal, unseal } from './envelope.ts';

/** Failure here means: a sealed secret opens where it does not belong, or after it was changed. */

const master = { id: 'a'.repeat(16), bytes: randomBytes(32) };
const other = { id: 'b'.repeat(16), bytes: randomBytes(32) };
const place = { rowId: '5e8f0f3c-2f6e-4b0e-9f65-2d3c0c1a7b11', version: 3 };

describe('envelope', () => {
  test('any text - comes back as it was, and is nowhere to be seen', () => {
    const texts = fc.oneof(fc.string({ minLength: 8 }), fc.constant('ключ 🔑 with \u0000 inside'));
    fc.assert(
      fc.property(texts, (secret) => {
        const envelope = seal(secret, place, master);
        expect(unseal(envelope, place, master)).toBe(secret);
        const text = JSON.stringify(envelope);
        expect(text).not.toContain(Buffer.from(secret, 'utf8').toString('base64').slice(0, 12));
      }),
    );
  });

  test('the same secret twice - has nothing in common', () => {
    const [one, two] = [seal('the same', place, master), seal('the same', place, master)];
    expect(one.secret.text).not.toBe(two.secret.text);
    expect(one.key.text).not.toBe(two.key.text);
    expect(one.secret.nonce).not.toBe(two.secret.nonce);
  });

  test.each([
    ['another row', { ...place, rowId: '5e8f0f3c-2f6e-4b0e-9f65-2d3c0c1a7b12' }, master],
    ['another version', { ...place, version: 2 }, master],
    ['another master key', place, other],
    ['another master key of the same name', place, { ...other, id: master.id }],
  ])('%s - does not open it, and says why', (_, where, key) => {
    const envelope = seal('canary-of-this-test', place, master);
    const opened = (): string => unseal(envelope, where, key);
    expect(opened).toThrow(SealError);
    expect(opened).toThrow(/row .*, version \d+.* does not open: it belongs to another row/);
    expect(opened).not.toThrow(/canary-of-this-test/);
  });

  test('layers of two envelopes - do not open each other', () => {
    const there = { ...place, rowId: '00000000-0000-4000-8000-000000000000' };
    const [mine, theirs] = [seal('mine', place, master), seal('theirs', there, master)];
    expect(() => unseal({ ...mine, secret: theirs.secret }, place, master)).toThrow(SealError);
    expect(() => unseal({ ...mine, key: theirs.key }, place, master)).toThrow(SealError);
    expect(() => unseal({ ...mine, key: mine.secret }, place, master)).toThrow(SealError);
    const form = { ...mine, form: 2 } as unknown as Envelope;
    expect(() => unseal(form, place, master)).toThrow(/must have form 1/);
  });

  test('one bit changed anywhere - does not open', () => {
    const envelope = seal('a secret of some length', place, master);
    fc.assert(
      fc.property(
        fc.constantFrom<'key' | 'secret'>('key', 'secret'),
        fc.constantFrom<keyof Sealed>('nonce', 'text', 'tag'),
        fc.nat(),
        (layer, part, at) => {
          const bytes = Buffer.from(envelope[layer][part], 'base64');
          const bit = at % (bytes.length * 8);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          const changed = { ...envelope[layer], [part]: bytes.toString('base64') };
          expect(() => unseal({ ...envelope, [layer]: changed }, place, master)).toThrow(SealError);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a short tag - is not taken', () => {
    const envelope = seal('a secret', place, master);
    const tag = Buffer.from(envelope.secret.tag, 'base64').subarray(0, 4).toString('base64');
    const changed = { ...envelope, secret: { ...envelope.secret, tag } };
    expect(() => unseal(changed, place, master)).toThrow(SealError);
  });

  test('new master key - opens with that one alone, and only its key was sealed anew', () => {
    const envelope = seal('a secret', place, master);
    const moved = rewrap(envelope, place, { from: master, to: other });
    expect(moved.secret).toEqual(envelope.secret);
    expect(unseal(moved, place, other)).toBe('a secret');
    expect(() => unseal(moved, place, master)).toThrow(SealError);
    expect(() => rewrap(envelope, place, { from: other, to: master })).toThrow(SealError);
  });
});
