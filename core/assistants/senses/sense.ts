import { factAt } from '../evidence.ts';
import { SNAPSHOT_CANDLES } from '../freeze.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Evidence } from '../speech.ts';

/** What a sense makes of a snapshot. */
interface Impressed {
  /** -1 (sell) … 1 (buy). */
  readonly lean: number;
  /** 0 … 1: how much it speaks for waiting, whatever the direction. */
  readonly caution: number;
  /** Made when somebody wants to read it: most impressions are only weighed. */
  readonly words: () => string;
  /** The first is what the sense is about: it names the sense when somebody cites it. */
  readonly evidence: readonly [Evidence, ...Evidence[]];
}

/** What one kind of evidence says. */
export class Impression {
  readonly lean: number;
  readonly caution: number;
  readonly evidence: Impressed['evidence'];
  readonly #words: () => string;
  #text: string | null = null;

  constructor({ lean, caution, words, evidence }: Impressed) {
    this.lean = lean;
    this.caution = caution;
    this.evidence = evidence;
    this.#words = words;
  }

  get text(): string {
    this.#text ??= this.#words();
    return this.#text;
  }
}

/** Reads one kind of evidence from the snapshot; `null` where the facts are absent. Pure. */
export type Sense = (snapshot: Snapshot) => Impression | null;

/** A sense that looks once at each snapshot, however many ask: it keeps what it made of the last
 * one. A snapshot is frozen, so nothing can change behind its back. */
export function senseOf(look: (snapshot: Snapshot) => Impressed | null): Sense {
  let seen: Snapshot | null = null;
  let impression: Impression | null = null;
  return (snapshot) => {
    if (snapshot === seen) return impression;
    const made = look(snapshot);
    impression = made === null ? null : new Impression(made);
    seen = snapshot;
    return impression;
  };
}

/** Numbers at the given paths, each with its evidence; `null` as soon as one is absent. */
export function cite<const Paths extends readonly [string, ...string[]]>(
  snapshot: Snapshot,
  paths: Paths,
): {
  readonly values: { [K in keyof Paths]: number };
  readonly evidence: [Evidence, ...Evidence[]];
} | null {
  const evidence: Evidence[] = [];
  const values: number[] = [];
  for (const fact of paths) {
    const value = factAt(snapshot, fact);
    if (value === null) return null;
    values.push(value);
    evidence.push({ fact, value });
  }
  return {
    values: values as { [K in keyof Paths]: number },
    evidence: evidence as [Evidence, ...Evidence[]],
  };
}

type CandleField = 'open' | 'close' | 'volume';

/** `candles.31.close`, of the candle at this place from the oldest. */
export function candleFact(place: number, field: CandleField): string {
  return PATHS[field][place] ?? `candles.${place}.${field}`;
}

/** Path of a field of the newest candle. */
export function candlePath(snapshot: Snapshot, field: CandleField): string {
  return candleFact(snapshot.candles.length - 1, field);
}

/** As many as a snapshot carries, written once. */
const PLACES = Array.from({ length: SNAPSHOT_CANDLES }, (_, place) => place);
const PATHS = {
  open: PLACES.map((place) => `candles.${place}.open`),
  close: PLACES.map((place) => `candles.${place}.close`),
  volume: PLACES.map((place) => `candles.${place}.volume`),
} as const satisfies Record<CandleField, readonly string[]>;

/** A neutral reading speaks for waiting, by a third. */
export function quiet(lean: number): number {
  return 0.4 * (1 - Math.abs(lean));
}
