import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../core/assistants/snapshot.ts';
import { hashOf } from '../../core/hash.ts';
import { SnapshotShelf } from './shelf.ts';

/** The shelf looks at nothing but the event id and the whole. */
function facts(eventId: string, equity = '100'): Snapshot {
  return { eventId, symbol: 'AA/USDT', holdings: { equity } } as unknown as Snapshot;
}

describe('shelf', () => {
  test('shelf - equal facts are one object, tampered facts are refused, before and after', () => {
    const shelf = new SnapshotShelf();
    const hash = hashOf(facts('e1'));
    expect(shelf.checked(facts('e1', '999'), hash)).toBeNull();
    const first = shelf.checked(facts('e1'), hash);
    expect(first).toEqual(facts('e1'));
    expect(shelf.checked(facts('e1'), hash)).toBe(first);
    expect(shelf.checked(facts('e1', '999'), hash)).toBeNull();
    expect(shelf.checked(facts('e1'), hashOf('other facts'))).toBeNull();
    expect(shelf.checked(facts('e1'), hash)).toBe(first);
  });

  test('shelf - it is bounded: the oldest facts are let go and checked anew', () => {
    const shelf = new SnapshotShelf();
    const hash = hashOf(facts('first'));
    const first = shelf.checked(facts('first'), hash);
    for (let index = 0; index < 512; index += 1) {
      shelf.checked(facts(`e${index}`), hashOf(facts(`e${index}`)));
    }
    const again = shelf.checked(facts('first'), hash);
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
  });
});
