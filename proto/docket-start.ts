import type { SearchAttributePair } from '@temporalio/common';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Timeframe } from '../core/market/candle.ts';
import { symbolToken } from '../core/market/instrument.ts';
import { observedText } from '../core/market/money.ts';
import type { Clock, DocketInput } from './docket.ts';
import { CANDLE_CLOSE, SYMBOL, TIMEFRAME, TRIGGER } from './search-attributes.ts';

/** How a debate is started, whoever starts it: the driver between two closes, or the market
 * scan. No node builtins: a Temporal workflow starts debates too. */

export interface Docket {
  readonly debateId: string;
  readonly venue: string;
  readonly timeframe: Timeframe;
  readonly closeTimeMs: number;
  readonly clock: Clock;
  /** Frozen and recorded; in symbol order. */
  readonly snapshots: readonly Snapshot[];
}

/** What the Temporal Web UI shows of a debate to somebody who has not read our code. Plain JSON. */
export interface DocketCard {
  readonly staticSummary: string;
  readonly staticDetails: string;
  readonly memo: {
    readonly question: string;
    readonly candleClose: string;
    readonly triggers: readonly string[];
  };
}

/** Under the tape's clock the ring may take its time: a slow machine must not become a silent
 * assistant. Live, whoever has not spoken by then abstains. */
export const ANSWER_TIMEOUT_MS = {
  tape: 180_000,
  live: 20_000,
} as const satisfies Record<Clock, number>;

/** A debate's id, readable in every list: when, which candles, what, and the first eight digits of
 * the hash over its motions. `2024-08-05T0605Z-5m-BTC-USDT-1a2b3c4d`. */
export function debateIdOf(docket: {
  readonly closeTimeMs: number;
  readonly timeframe: Timeframe;
  readonly symbols: readonly string[];
  /** Hash of the docket's event ids, in symbol order. */
  readonly hash: string;
}): string {
  const at = new Date(docket.closeTimeMs + 1).toISOString();
  const when = `${at.slice(0, 13)}${at.slice(14, 16)}Z`;
  const [only] = docket.symbols;
  const what =
    docket.symbols.length === 1 && only !== undefined
      ? symbolToken(only)
      : `${docket.symbols.length}-symbols`;
  return [when, docket.timeframe, what, docket.hash.slice(0, 8)].join('-');
}

export function docketInput(docket: Docket, namespace: string): DocketInput {
  const { debateId, venue, timeframe, closeTimeMs, clock, snapshots } = docket;
  return {
    namespace,
    debateId,
    venue,
    timeframe,
    closeTimeMs,
    clock,
    answerTimeoutMs: ANSWER_TIMEOUT_MS[clock],
    motions: snapshots.map((snapshot) => ({
      eventId: snapshot.eventId,
      symbol: snapshot.symbol,
      trigger: snapshot.trigger,
      close: observedText(snapshot.candles.at(-1)?.close ?? Number.NaN),
    })),
  };
}

/** Temporal refuses to start a workflow whose summary is above 400 bytes, whose details are above
 * 20,000, or one of whose search attributes is above 2,048: a docket of a whole market is shown in
 * part. */
const SYMBOLS_NAMED = 5;
const MOTIONS_TOLD = 40;
const SYMBOLS_FILTERED = 40;

export function docketCard({ snapshots, timeframe, closeTimeMs }: Docket): DocketCard {
  const at = `${new Date(closeTimeMs + 1).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const lines = snapshots.map(
    ({ symbol, trigger, candles, reading }) =>
      `- **${symbol}** closed at ${candles.at(-1)?.close}; put because of ${trigger}; ` +
      `the market is ${reading.regime}`,
  );
  const symbols = snapshots.map((snapshot) => snapshot.symbol);
  const names = someOf(symbols, SYMBOLS_NAMED).join(', ');
  const told = someOf(lines, MOTIONS_TOLD).join('\n');
  return {
    staticSummary: `What do we do about ${names} at ${at}?`,
    staticDetails: `Seven assistants debate the ${timeframe} close of ${at}.\n\n${told}`,
    memo: {
      question: `What do we do about ${names}?`,
      candleClose: at,
      triggers: [...new Set(snapshots.map((snapshot) => snapshot.trigger))],
    },
  };
}

function someOf(all: readonly string[], most: number): readonly string[] {
  return all.length <= most ? all : [...all.slice(0, most), `and ${all.length - most} more`];
}

/** What debates are listed and filtered by. */
export function docketAttributes({
  motions,
  timeframe,
  closeTimeMs,
}: Pick<DocketInput, 'motions' | 'timeframe' | 'closeTimeMs'>): SearchAttributePair[] {
  return [
    {
      key: SYMBOL,
      value: motions.slice(0, SYMBOLS_FILTERED).map((motion) => symbolToken(motion.symbol)),
    },
    { key: TIMEFRAME, value: timeframe },
    { key: CANDLE_CLOSE, value: new Date(closeTimeMs) },
    { key: TRIGGER, value: [...new Set(motions.map((motion) => motion.trigger))] },
  ];
}
