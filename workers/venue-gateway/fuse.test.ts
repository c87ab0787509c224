import { describe, expect, test } from 'vitest';
import { OrderFuse } from './fuse.ts';

describe('order fuse', () => {
  test('one too many within a minute - refused until enough of them are a minute old', () => {
    let now = 0;
    const fuse = new OrderFuse(3, () => now);
    expect([fuse.take(), fuse.take()]).toEqual([true, true]);
    now = 30_000;
    expect([fuse.take(), fuse.take()]).toEqual([true, false]);
    now = 59_999;
    expect(fuse.take()).toBe(false);
    now = 60_000;
    expect([fuse.take(), fuse.take(), fuse.take()]).toEqual([true, true, false]);
    expect(fuse.facts()).toEqual({ ordersLastMinute: 3, ordersFused: 3 });
  });

  test('minutes without orders - nothing is remembered', () => {
    let now = 0;
    const fuse = new OrderFuse(100, () => now);
    for (; now < 60_000; now += 1_000) fuse.take();
    expect(fuse.orders()).toBe(59);
    now = 10_000_000;
    expect(fuse.orders()).toBe(0);
  });
});
