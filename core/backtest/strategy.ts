import type { Holdings, Trigger } from '../assistants/snapshot.ts';
import type { Action, Stance, Utterance } from '../assistants/speech.ts';
import type { FollowUp } from '../debate/follow-up.ts';
import type { Judgement } from '../debate/judge.ts';
import type { Reading, ReadingPart } from '../features/reading.ts';
import type { Candle, Timeframe } from '../market/candle.ts';
import type { Instrument } from '../market/instrument.ts';

/** How much of a decision is kept: `lean` what it was, `full` every word of how it came to be. The
 * decisions of both gears are the same. */
export const GEARS = ['lean', 'full'] as const;
export type Gear = (typeof GEARS)[number];

/** One market at the moment one of its candles closed, as a strategy may see it. Nothing here is
 * newer than that close. */
export interface MarketView {
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
  /** Place of the candle in its series, from 0. */
  readonly index: number;
  /** The one that has just closed. */
  readonly candle: Candle;
  /** The newest closed candles, oldest first, at most 32; the last one has just closed. */
  readonly candles: readonly Candle[];
  /** Features of the last candle; `reading.warm` says whether all of them are known. */
  readonly reading: Reading;
  /** Features one candle earlier; `null` at the first. */
  readonly previous: Reading | null;
}

/** The books of the account a strategy trades for, as they stand before anything of this close is
 * traded. */
export interface BooksView {
  /** As last marked. Decimal strings. */
  holdings(symbol: string): Holdings;
  /** Average entry, quote per base; `null` when flat. */
  entryPrice(symbol: string): number | null;
  /** Base units that a decision to sell is about, a decimal string. */
  sellable(symbol: string): string;
}

/** The same at one close. */
export interface BooksAtClose extends BooksView {
  /** Values what is held of these symbols at this close, as a debate does with the symbols it is
   * about before it looks at any books: what one motion sees of another's symbol must not depend on
   * which came first. The loop does it by itself for what is decided without. */
  value(symbols: readonly string[]): void;
}

/** What a strategy says at one close about one market. Markets it has no question about are left
 * out. */
export interface Decision {
  readonly symbol: string;
  readonly closeTimeMs: number;
  readonly action: Action;
  /** How sure, 0 … 10,000; scales an entry. */
  readonly confidenceBp: number;
  /** What follows from it for the account; `escalate` counts as unanswered, which is HOLD. */
  readonly followUp: FollowUp;
  /** One line for a reader. */
  readonly why: string;
  /** A distribution to be scored when its horizon has passed; `null`: not to be scored. */
  readonly stance: Stance | null;
  /** The council's own: absent for a plain strategy. */
  readonly council?: CouncilRecord;
}

/** What a council's decision is judged and explained by. */
export interface CouncilRecord {
  readonly trigger: Trigger;
  readonly verdict: Judgement['verdict']['kind'];
  readonly contested: boolean;
  readonly rounds: number;
  readonly arms: Judgement['arms'];
  /** Round-1 opinions and where each assistant ended: for its score and what debate moved. */
  readonly opinions: readonly AssistantCall[];
  /** In the full gear only. */
  readonly transcript?: readonly Utterance[];
  readonly judgement?: Judgement;
}

export interface AssistantCall {
  readonly role: Utterance['role'];
  readonly first: Stance | null;
  readonly firstConfidenceBp: number;
  readonly last: Stance | null;
  readonly choice: Action | 'ABSTAIN' | null;
}

/** A way to trade: the council, one assistant, a rule, a model. It may keep state of its own,
 * folded from what it was shown; it has no clock and no randomness, so one made anew from the same
 * parameters says the same about the same candles. */
export interface Strategy {
  readonly name: string;
  /** Raised with every change of what it decides. */
  readonly version: number;
  /** Candles of the past that its decisions may depend on: what `corro lookahead` checks. Infinite
   * where nothing is ever forgotten. */
  readonly warmup: number;
  /** What it looks at in readings; left out: everything. Nothing else need be made for it, and what
   * is not made is `null`, or empty. */
  readonly reads?: readonly ReadingPart[];
  /** Everything it was made with, JSON-safe: two runs with equal name, version, parameters and data
   * are the same trial. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Called once at every close, with every market that closed then, by symbol. Decisions in the
   * order of `closed`. */
  decide(closed: readonly MarketView[], books: BooksAtClose): readonly Decision[];
}
