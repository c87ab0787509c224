import { factAt } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Evidence } from '../speech.ts';

/** What one kind of evidence says. */
export interface Impression {
  /** -1 (sell) … 1 (buy). */
  readonly lean: number;
  /** 0 … 1: how much it speaks for waiting, whatever the direction. */
  readonly caution: number;
  readonly text: string;
  /** The first is what the sense is about: it names the sense when somebody cites it. */
  readonly evidence: readonly [Evidence, ...Evidence[]];
}

/** Reads one kind of evidence from the snapshot; `null` where the facts are absent. Pure. */
export type Sense = (snapshot: Snapshot) => Impression | null;

export const INDICATORS = 'reading.indicators';

/** Numbers at the given paths, each with its evidence; `null` as soon as one is absent. */
export function cite<const Paths extends readonly [string, ...string[]]>(
  snapshot: Snapshot,
  paths: Paths,
): {
  readonly values: { [K in keyof Paths]: number };
  readonly evidence: [Evidence, ...Evidence[]];
} | null {
  const evidence: Evidence[] = [];
  for (const fact of paths) {
    const value = factAt(snapshot, fact);
    if (value === null) return null;
    evidence.push({ fact, value });
  }
  return {
    values: evidence.map(({ value }) => value) as { [K in keyof Paths]: number },
    evidence: evidence as [Evidence, ...Evidence[]],
  };
}

/** Path of a field of the newest candle, or of one `back` candles before it. */
export function candlePath(
  snapshot: Snapshot,
  field: 'open' | 'close' | 'volume',
  back = 0,
): string {
  return `candles.${snapshot.candles.length - 1 - back}.${field}`;
}

/** A neutral reading speaks for waiting, by a third. */
export function quiet(lean: number): number {
  return 0.4 * (1 - Math.abs(lean));
}
