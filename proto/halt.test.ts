import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WireError } from './errors.ts';
import {
  type HaltRequest,
  MAX_HALT_BYTES,
  readHaltReply,
  readHaltRequest,
  writeHaltReply,
  writeHaltRequest,
} from './halt.ts';

/** A failure here means that whoever reaches the door can sell everything, crash the order worker,
 * or show one request to one reader and another to the next. */

const REQUEST: HaltRequest = {
  name: 'violation-ledger',
  level: 'pause',
  reason: 'the ledger does not sum to zero: "USDT"',
  liftsWhen: 'corro audit finds nothing, and a person lifts it by name',
  placedBy: 'checker',
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('halt request - what is written is read, with a user and a symbol or without', () => {
  const whole = { ...REQUEST, userId: '0'.repeat(8) + '-0000-0000-0000-000000000000' };
  for (const request of [REQUEST, { ...whole, symbol: 'BTC/USDT' }]) {
    expect(readHaltRequest(writeHaltRequest(request))).toEqual(request);
  }
});

test.each([
  ['no JSON', 'stop!', 'wire_malformed'],
  ['a list', '[]', 'wire_malformed'],
  ['null', 'null', 'wire_malformed'],
  ['half of it', JSON.stringify(REQUEST).slice(0, -3), 'wire_malformed'],
  ['a key twice', JSON.stringify(REQUEST).replace('{', '{"level":"pause",'), 'wire_malformed'],
  ['a level that sells', { ...REQUEST, level: 'flatten' }, 'wire_value'],
  ['a level that cancels', { ...REQUEST, level: 'cancel' }, 'wire_value'],
  ['no level', { ...REQUEST, level: undefined }, 'wire_value'],
  ['a name with spaces', { ...REQUEST, name: 'a b' }, 'wire_value'],
  ['a long name', { ...REQUEST, name: 'a'.repeat(81) }, 'wire_value'],
  ['no reason', { ...REQUEST, reason: '' }, 'wire_value'],
  ['a terminal escape', { ...REQUEST, reason: '\u001b[2J' }, 'wire_value'],
  ['a symbol that is none', { ...REQUEST, symbol: 'BTCUSDT' }, 'wire_value'],
  ['a user that is none', { ...REQUEST, userId: "' or 1=1" }, 'wire_value'],
  ['a wish to lift', { ...REQUEST, liftedAt: 'now' }, 'wire_unknown_field'],
  ['a prototype', JSON.stringify(REQUEST).replace('{', '{"__proto__":"x",'), 'wire_unknown_field'],
  ['a number', { ...REQUEST, reason: 1 }, 'wire_value'],
  ['an object within', { ...REQUEST, reason: { a: 1 } }, 'wire_value'],
  ['a flood', { ...REQUEST, reason: 'x'.repeat(MAX_HALT_BYTES) }, 'wire_too_large'],
])('halt request - %s is refused', (_what, given, code) => {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  expect(() => readHaltRequest(bytes(text))).toThrow(expect.objectContaining({ code }));
});

test('halt request - hostile bytes: none accepted, none crash', () => {
  const field = fc.constantFrom('name', 'level', 'reason', 'liftsWhen', 'placedBy', 'userId');
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 5_000 }),
    fc.json().map(bytes),
    // A request that would stand, with one field that must not.
    fc
      .record({ field, value: fc.jsonValue() })
      .filter(({ value }) => typeof value !== 'string')
      .map(({ field: name, value }) => bytes(JSON.stringify({ ...REQUEST, [name]: value }))),
    fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 31 }) }).map(({ at, byte }) => {
      const written = writeHaltRequest(REQUEST).slice();
      written[at % written.length] = byte;
      return written;
    }),
    fc.tuple(fc.string({ minLength: 1 }), fc.string()).map(([key, value]) => {
      const more = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
      return bytes(`${JSON.stringify(REQUEST).slice(0, -1)},${more}}`);
    }),
  );
  let refused = 0;
  fc.assert(
    fc.property(hostile, (sent) => {
      // One that happens to name a user or a symbol rightly would be no attack.
      expect(() => readHaltRequest(sent)).toThrow(WireError);
      refused += 1;
    }),
    { numRuns: 3_000, seed: 4 },
  );
  expect(refused).toBe(3_000);
});

test('halt reply - placed or refused, and nothing else', () => {
  for (const reply of [{ placed: { id: 'a', name: 'b' } }, { refused: 'no such user' }]) {
    expect(readHaltReply(writeHaltReply(reply))).toEqual(reply);
  }
  expect(() => readHaltReply(bytes('{"placed":{}}'))).toThrow(WireError);
});
