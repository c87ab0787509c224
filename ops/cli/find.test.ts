import { expect, test } from 'vitest';
import { CorroError } from '../../proto/errors.ts';
import { findByPrefix } from './find.ts';

const IDS = ['2024-08-05T0605Z-5m-BTC-USDT-1a2b3c4d', '2024-08-05T0610Z-5m-BTC-USDT-99ff00aa'];

test('find - by the beginning, by the end, and whole', () => {
  expect(findByPrefix(IDS, '2024-08-05T0605')).toBe(IDS[0]);
  expect(findByPrefix(IDS, '99ff00aa')).toBe(IDS[1]);
  expect(findByPrefix(IDS, IDS[0] as string)).toBe(IDS[0]);
});

test('find - a whole id that begins others is itself', () => {
  expect(findByPrefix(['ab', 'abc'], 'ab')).toBe('ab');
});

test('find - several meant: a usage error that names them', () => {
  expect(() => findByPrefix(IDS, '2024')).toThrow(CorroError);
  expect(() => findByPrefix(IDS, '2024')).toThrow(/could be .*1a2b3c4d, .*99ff00aa/);
});

test('find - none meant: what was typed, for the store to say what exists', () => {
  expect(findByPrefix(IDS, 'zz')).toBe('zz');
});
