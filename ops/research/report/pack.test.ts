/** What goes into a report as data. Failure would look like: a strategy's name that ends the script
 * it stands in and starts one of its own, or a chart that shows other numbers than the run had. */
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pack, packColumn, packTexts, scriptJson } from './pack.ts';
import { columnOf, textAt } from './page/unpack.ts';

describe('data in a script element', () => {
  test.each(['</script><script>alert(1)</script>', '<!--<script>', 'a\u2028b\u2029c', '<\\/'])(
    '%j - comes back whole and cannot end the element',
    (text) => {
      const json = scriptJson({ [text]: text });
      expect(json).not.toMatch(/[<\u2028\u2029]/);
      expect(JSON.parse(json)).toEqual({ [text]: text });
    },
  );

  test('packed data - letters of base64 only', () => {
    const value = { text: '</script>', numbers: [1, 2.5] };
    const packed = pack(value);
    expect(packed).toMatch(/^[A-Za-z0-9+/=]+$/);
    expect(JSON.parse(inflateRawSync(Buffer.from(packed, 'base64')).toString())).toEqual(value);
  });
});

describe('columns of numbers', () => {
  test('prices with up to eight decimals - come back as they were', () => {
    const prices = [0.00001234, 97_123.45, 0.1, 0.2, 0.3, 1e-8, 64_000];
    expect([...columnOf(packColumn(prices))]).toEqual(prices);
  });

  test('any price in cents - comes back as it was', () => {
    const cents = fc.integer({ min: 1, max: 1e10 }).map((whole) => whole / 100);
    fc.assert(
      fc.property(fc.array(cents), (prices) => {
        expect([...columnOf(packColumn(prices))]).toEqual(prices);
      }),
    );
  });

  test('numbers without end - to ten digits', () => {
    const [third] = columnOf(packColumn([1 / 3, 20_000 / 3]));
    expect(third).toBeCloseTo(1 / 3, 6);
  });

  test('what is no number - refused', () => {
    expect(() => packColumn([1, Number.NaN])).toThrow('must be finite');
    expect(() => packColumn([Number.POSITIVE_INFINITY])).toThrow('must be finite');
  });

  test('none - none', () => {
    expect([...columnOf(packColumn([]))]).toEqual([]);
  });
});

test('texts - each kept once, found at its place', () => {
  const packed = packTexts(['a', 'b', 'a', '']);
  expect(packed.words).toEqual(['a', 'b', '']);
  expect([0, 1, 2, 3, 4].map((at) => textAt(packed, at))).toEqual(['a', 'b', 'a', '', '']);
});
