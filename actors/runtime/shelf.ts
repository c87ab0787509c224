import type { Snapshot } from '../../core/assistants/snapshot.ts';
import { hashOf } from '../../core/hash.ts';

interface Shelved {
  readonly snapshot: Snapshot;
  readonly text: string;
  readonly hash: string;
}

/** Motions whose facts are kept at hand: a few closes of a hundred symbols. */
const MOST = 512;

/** Facts that were checked, by motion. All assistants of a host are asked about the same facts,
 * several times each: the canonical hash is computed once, and everybody shares one object. */
export class SnapshotShelf {
  readonly #shelved = new Map<string, Shelved>();

  /** The facts if their hash is `hash`, the motion's; `null` for any others. */
  checked(snapshot: Snapshot, hash: string): Snapshot | null {
    const known = this.#shelved.get(snapshot.eventId);
    // The decoder makes every object in one order, so equal facts have equal text.
    const text = JSON.stringify(snapshot);
    if (known?.text === text && known.hash === hash) return known.snapshot;
    if (hashOf(snapshot) !== hash) return null;
    this.#shelved.set(snapshot.eventId, { snapshot, text, hash });
    const [oldest] = this.#shelved.keys();
    if (this.#shelved.size > MOST && oldest !== undefined) this.#shelved.delete(oldest);
    return snapshot;
  }
}
