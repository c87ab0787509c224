import { describe, expect, test } from 'vitest';
import { clockText, shortDecimal, table } from './table.ts';

describe('table', () => {
  const columns = [
    { heading: 'NAME', cell: (row: { name: string; n: number }) => row.name },
    { heading: 'N', cell: (row: { name: string; n: number }) => String(row.n), align: 'right' },
  ] as const;

  test('rows - aligned under their headings, without trailing spaces', () => {
    const rows = [
      { name: 'a', n: 1 },
      { name: 'longer', n: 100 },
    ];
    expect(table(rows, columns, 'none').split('\n')).toEqual([
      'NAME      N',
      'a         1',
      'longer  100',
    ]);
  });

  test('no rows - what is said instead', () => {
    expect(table([], columns, 'no rows yet')).toBe('no rows yet');
  });

  test('a cell that would draw a row of its own - stays a cell', () => {
    expect(table([{ name: 'a\nb\u001b[2J', n: 1 }], columns, '').split('\n')).toHaveLength(2);
  });
});

test('clockText - minutes, UTC', () => {
  expect(clockText(Date.UTC(2024, 7, 5, 6, 5, 59))).toBe('2024-08-05 06:05');
});

test.each([
  ['1.50000000', 8, '1.5'],
  ['1.00', 8, '1'],
  ['100', 8, '100'],
  ['0.123456789', 8, '0.12345678'],
  ['0.009', 2, '0'],
  ['-0.009', 2, '0'],
  ['-1.239', 2, '-1.23'],
  ['12345678901234567890.5', 2, '12345678901234567890.5'],
])('shortDecimal - %s with %i decimals is %s', (amount, places, shown) => {
  expect(shortDecimal(amount, places)).toBe(shown);
});
