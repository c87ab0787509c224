import { pastCalls } from '../adapters/store/utterances.ts';
import type { Memory, PastCall } from '../core/assistants/mind.ts';
import type { Role } from '../core/assistants/role.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Opinion } from '../core/assistants/speech.ts';
import { topAction } from '../core/assistants/stance.ts';
import type { Journal } from './runtime/journal.ts';

/** As many past calls as a mind is shown. */
const SHOWN = 50;
/** Kept beyond those, so that what came after a motion can be left out without reading again. */
const KEPT = 80;
/** Later than any close; Postgres and JavaScript both know it. */
const END_OF_TIME_MS = Date.UTC(9999, 0);

interface Recollection {
  /** Oldest first. */
  calls: readonly PastCall[];
  /** Nothing older exists than what is here. */
  complete: boolean;
}

/** What one assistant remembers of its own calls on one symbol: read from Postgres when first
 * needed, kept in memory from then on. The rule is the same everywhere and at any time - the
 * newest 50 calls on this market strictly before the motion's close - so another host, or the
 * same after a restart, remembers exactly the same. Each venue and timeframe is a market of its
 * own. */
export class CallMemory {
  readonly #role: Role;
  readonly #journal: Journal;
  readonly #markets = new Map<string, Recollection>();

  constructor(role: Role, journal: Journal) {
    this.#role = role;
    this.#journal = journal;
  }

  async before(snapshot: Snapshot): Promise<Memory> {
    const { closeTimeMs } = snapshot;
    const known = await this.#recollect(snapshot);
    const earlier = known.calls.filter((call) => call.closeTimeMs < closeTimeMs).slice(-SHOWN);
    if (earlier.length === SHOWN || known.complete) return { calls: earlier };
    // An old motion: what is kept does not reach back far enough.
    return { calls: await this.#read(snapshot, { beforeMs: closeTimeMs, limit: SHOWN }) };
  }

  /** Remembers an opinion once it is on record. */
  learn(snapshot: Snapshot, opinion: Opinion): void {
    const known = this.#markets.get(marketOf(snapshot));
    const close = snapshot.candles.at(-1)?.close;
    if (!known || close === undefined) return;
    const { closeTimeMs } = snapshot;
    const action = topAction(opinion.stance) ?? 'HOLD';
    const call = { closeTimeMs, action, confidenceBp: opinion.confidenceBp, close };
    const others = known.calls.filter((other) => other.closeTimeMs !== closeTimeMs);
    const calls = [...others, call].sort((a, b) => a.closeTimeMs - b.closeTimeMs);
    known.complete &&= calls.length <= KEPT;
    known.calls = calls.slice(-KEPT);
  }

  async #recollect(snapshot: Snapshot): Promise<Recollection> {
    const market = marketOf(snapshot);
    const known = this.#markets.get(market);
    if (known) return known;
    // Not only what came before this motion: another host may have answered it, and later ones.
    const calls = await this.#read(snapshot, { beforeMs: END_OF_TIME_MS, limit: KEPT });
    const read = { calls, complete: calls.length < KEPT };
    this.#markets.set(market, read);
    return read;
  }

  #read(
    { symbol, venue, timeframe }: Snapshot,
    bounds: { readonly beforeMs: number; readonly limit: number },
  ): Promise<readonly PastCall[]> {
    const query = { role: this.#role, symbol, venue, timeframe, ...bounds };
    return this.#journal.read((db) => pastCalls(db, query));
  }
}

function marketOf({ venue, symbol, timeframe }: Snapshot): string {
  return `${venue} ${symbol} ${timeframe}`;
}
