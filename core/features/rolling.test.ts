import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NumberWindow, RollingMax } from './rolling.ts';
import { deviation, mean } from './textbook.fixture.ts';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 80,
});

describe('number window', () => {
  test('any numbers - mean, deviation and distance are those of the last ones', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 50 }), (values, size) => {
        const window = new NumberWindow(size);
        values.forEach((value, i) => {
          window.push(value);
          const last = values.slice(Math.max(0, i + 1 - size), i + 1);
          const middle = mean(last);
          const distance = mean(last.map((one) => Math.abs(one - middle)));
          expect(window.full).toBe(i + 1 >= size);
          expect(window.mean()).toBeCloseTo(middle, 6);
          expect(window.deviation(middle)).toBeCloseTo(deviation(last), 6);
          expect(window.meanDistance(middle)).toBeCloseTo(distance, 6);
          expect(window.at(0)).toBe(value);
          expect(window.at(last.length - 1)).toBe(last[0]);
        });
      }),
    );
  });

  test('what has left the window - leaves no trace, not even in the last bit', () => {
    fc.assert(
      fc.property(numbers, (before) => {
        const tail = [0.1, 0.2, 0.3, 0.7, 1.1];
        const [fresh, used] = [new NumberWindow(5), new NumberWindow(5)];
        for (const value of [...before, 1e15]) used.push(value);
        for (const value of tail) [fresh, used].map((window) => window.push(value));
        expect(used.mean()).toBe(fresh.mean());
      }),
    );
  });

  test('asked beyond what it holds - says so', () => {
    const window = new NumberWindow(3);
    window.push(1);
    expect(() => window.at(1)).toThrow('must be 0 … 0 back, was 1');
    expect(() => new NumberWindow(0)).toThrow('positive integer, was 0');
  });
});

describe('rolling maximum', () => {
  test('any numbers - the highest of the last ones, each time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 20 }),
        (values, size) => {
          const rolling = new RollingMax(size);
          values.forEach((value, i) => {
            const last = values.slice(Math.max(0, i + 1 - size), i + 1);
            expect(rolling.push(value)).toBe(Math.max(...last));
          });
        },
      ),
    );
  });
});
