import { describe, expect, test } from 'vitest';
import { Batcher } from './batcher.ts';

describe('batcher', () => {
  test('batcher - what comes while one batch is under way goes together in the next', async () => {
    const batches: (readonly number[])[] = [];
    const batcher = new Batcher<number, number>({
      most: 100,
      run: async (items) => {
        batches.push(items);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return items.map((item) => item * 10);
      },
    });
    const early = [batcher.add(1), batcher.add(2)];
    await new Promise((resolve) => setTimeout(resolve, 2));
    const late = [3, 4, 5].map((item) => batcher.add(item));
    expect(await Promise.all([...early, ...late])).toEqual([10, 20, 30, 40, 50]);
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  test('batcher - no batch is larger than allowed', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>({
      most: 3,
      run: (items) => {
        sizes.push(items.length);
        return Promise.resolve(items);
      },
    });
    await Promise.all(Array.from({ length: 8 }, (_, item) => batcher.add(item)));
    expect(sizes).toEqual([3, 3, 2]);
  });

  test('batcher - one bad item fails alone', async () => {
    const batcher = new Batcher<number, number>({
      most: 10,
      run: (items) => {
        if (items.includes(2)) return Promise.reject(new Error('bad item'));
        return Promise.resolve(items);
      },
    });
    const settled = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await batcher.add(4)).toBe(4);
  });
});
