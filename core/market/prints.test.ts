import { expect, test } from 'vitest';
import { AbsurdPrints } from './prints.ts';

// Hazard: an order that "fills" at a price nobody ever traded at. What is found absurd in files is
// tested in candle-file.test.ts; here is what is left of such a candle.

const calm = { openTimeMs: 0, open: 100, high: 101, low: 99, close: 100, volume: 5 };

function after(candles: number): AbsurdPrints {
  const prints = new AbsurdPrints();
  for (let index = 0; index < candles; index += 1) prints.judge(calm, { before: 100, after: 100 });
  return prints;
}

test.each([
  { what: 'high', candle: { high: 1_200 }, believed: { open: 100, high: 103, low: 99 } },
  { what: 'low', candle: { low: 0.06 }, believed: { open: 100, high: 101, low: 100 } },
  { what: 'open', candle: { open: 0.06, low: 0.06 }, believed: { open: 100, high: 101, low: 100 } },
  { what: 'close', candle: { close: 50, low: 50 }, believed: { open: 100, high: 101, low: 100 } },
])('absurd prints - an absurd $what fills nothing beyond its neighbours', (given) => {
  const candle = { ...calm, ...given.candle };
  const found = after(20).question(candle, { before: 100, after: 103 });
  expect(found?.text).toMatch(given.what);
  expect(found?.believed).toEqual(given.believed);
});

test('absurd prints - a crash that stays is believed, and so is all before five candles', () => {
  const crash = { ...calm, low: 60, close: 61 };
  expect(after(20).question(crash, { before: 100, after: 61 })).toBeNull();
  expect(after(4).question({ ...calm, high: 1_200 }, { before: 100, after: 100 })).toBeNull();
});

test('absurd prints - a gap that stays is told, and filled where it opened', () => {
  const gap = { ...calm, open: 60, high: 63, low: 58, close: 61 };
  const found = after(20).question(gap, { before: 100, after: 61 });
  expect(found).toEqual({
    text: 'open 60 after a close of 100',
    believed: { open: 60, high: 63, low: 58 },
  });
});

test('absurd prints - asking remembers nothing', () => {
  const prints = after(20);
  const wild = { ...calm, high: 1_200 };
  const first = prints.question(wild, { before: 100, after: 100 });
  expect(prints.question(wild, { before: 100, after: 100 })).toEqual(first);
  expect(prints.judge(wild, { before: 100, after: 100 })).toEqual(first);
});
