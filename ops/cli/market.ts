import type { Tape } from '../../adapters/tape/tape.ts';
import { venueClient } from '../../adapters/venue/client.ts';
import { History, readHistory } from '../ring/history.ts';
import { type LiveRequest, liveSource } from '../ring/live-source.ts';
import { type Patience, patiently } from '../ring/patience.ts';
import type { CandleSource } from '../ring/source.ts';
import { type Speed, tapeSource } from '../ring/tape-source.ts';
import type { Connections } from './connections.ts';

/** The venue every source trades at: paper money, whatever market the candles came from. */
export const PAPER_VENUE = 'paper';

/** Candles to come, and what of them was judged before. */
export interface Market {
  readonly source: CandleSource;
  readonly history: History;
  /** The first close. */
  readonly marketTimeMs: number;
  /** The exchange it follows, when it is live: looked at each minute besides. */
  readonly live?: LiveRequest;
}

/** Candle files as a market: what an interrupted run has judged is not judged again. Files that do
 * not go together are refused at once, before any server is asked. */
export function tapeMarket(tapes: readonly Tape[], speed: Speed) {
  const source = tapeSource(tapes, speed);
  return async ({ db }: Connections, patience: Patience): Promise<Market> => {
    const extents = tapes.map(({ symbol, timeframe, candles }) => ({
      symbol,
      timeframe,
      firstCloseMs: candles.at(0)?.closeTimeMs ?? 0,
    }));
    return {
      source,
      history: await patiently('books', () => readHistory(db, PAPER_VENUE, extents), patience),
      marketTimeMs: Math.min(...extents.map((extent) => extent.firstCloseMs)),
    };
  };
}

/** An exchange's candles as a market: its warm-up counts as judged. */
export async function liveMarket(connections: Connections, request: LiveRequest): Promise<Market> {
  const { wire } = connections;
  const bus = await connections.bus();
  const venue = venueClient(bus, wire, { venue: PAPER_VENUE });
  const { source, liveFromMs } = await liveSource({ bus, wire, venue }, request);
  const history = new History({ storedUntilMs: 0, putUntilMs: liveFromMs });
  return { source, history, marketTimeMs: liveFromMs, live: request };
}
