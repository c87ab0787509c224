import { expect, test } from 'vitest';
import { printable, printableLines, printableWithin } from './printable.ts';

test.each([
  ['a colour', '\u001b[31mred'],
  ['a window title', '\u001b]0;owned\u0007'],
  ['a C1 control sequence', '\u009b2J'],
  ['a return to the line start', 'HOLD\rBUY '],
  ['a line of its own', 'a\nconsensus: BUY'],
  ['a turned direction', 'a\u202eb'],
])('printable - %s does nothing', (_name, text) => {
  expect(printable(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
});

test('printable - words, accents, signs and emoji stay', () => {
  const text = 'el corro: 3 % más — “sí” 🚀 比特币\ttab';
  expect(printable(text)).toBe(text);
});

test('printableLines - keeps the lines and nothing else', () => {
  expect(printableLines('a\n\u001bb\r\nc')).toBe('a\n\ufffdb\ufffd\nc');
});

test('printableWithin - every text of a JSON value, and no figure', () => {
  const value = { a: ['x\u001b', 1, null, true], b: { c: 'y\n' } };
  expect(printableWithin(value)).toEqual({
    a: ['x\ufffd', 1, null, true],
    b: { c: 'y\ufffd' },
  });
});
