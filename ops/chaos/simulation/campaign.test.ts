/** Failure here means: there is an order of lost replies, late requests, killed and frozen
 * processes in which the pursuit of a leg executes it twice or loses a fill; or the simulation no
 * longer finds such an order where the protection is taken away, and so proves nothing. */
import { describe, expect, test } from 'vitest';
import { simulate, simulateOne } from './campaign.ts';
import { MISHAPS } from './world.ts';

const ORDERS = 20_000;
const SEED = 7;

describe('order path in virtual time', () => {
  test.each([SEED, 8])('fenced, seed %i - none doubled, none lost, each decided', (seed) => {
    const { wrong, ...sum } = simulate('fenced', ORDERS, seed);
    expect(wrong).toEqual([]);
    expect(sum).toMatchObject({ doubled: 0, fillsLost: 0, fillsInvented: 0, undecided: 0 });
    for (const mishap of MISHAPS) expect(sum.faults[mishap], mishap).toBeGreaterThan(100);
    const lies = ['unseen', 'late_fill', 'partial_fill', 'repeated_trade'];
    for (const lie of lies) expect(sum.faults[lie], lie).toBeGreaterThan(100);
  });

  test.each(['unfenced', 'signed_late', 'query_once', 'blind_retry'] as const)(
    '%s - the same campaign doubles orders, so it would find them',
    (way) => {
      expect(simulate(way, ORDERS, SEED).doubled).toBeGreaterThan(20);
    },
  );

  test('seed - the same one repeats every leg, and one leg can be repeated alone', () => {
    const first = simulate('unfenced', 2_000, SEED);
    const { seconds } = first;
    expect({ ...simulate('unfenced', 2_000, SEED), seconds }).toEqual(first);
    const [wrong = -1] = first.wrong;
    const world = simulateOne('unfenced', wrong, SEED);
    expect(world.venue.accepted > 1 || world.ended === 'needs_person').toBe(true);
  });
});
