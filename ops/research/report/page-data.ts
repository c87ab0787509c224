import type { Role } from '../../../core/assistants/role.ts';
import type { Kind, Utterance } from '../../../core/assistants/speech.ts';
import type {
  AccountTerms,
  FillRecord,
  OrderRecord,
  Trade,
} from '../../../core/backtest/result.ts';
import type { AssistantCall, CouncilRecord, Gear } from '../../../core/backtest/strategy.ts';
import type { Vote } from '../../../core/debate/judge.ts';
import type { Verdict } from '../../../core/debate/tally.ts';

/** What travels inside an HTML report, from what renders it to the script that shows it. Types
 * only: both sides import them and neither the other. */

/** A figure at the top of the report. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  /** What it is to be read against: an interval, the benchmark. */
  readonly note: string;
}

export interface Column {
  readonly heading: string;
  /** Numbers stand right-aligned. */
  readonly numeric: boolean;
}

/** An interval to be drawn beside its row: a line from `low` to `high`, a dot at `middle`. */
export interface Span {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** A table of ready words, the same in every form of the report. */
export interface Table {
  readonly title: string;
  /** How to read it; empty when the headings say it. */
  readonly note: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Drawn in the page only: intervals on one scale, one a row. */
  readonly spans?: { readonly heading: string; readonly of: readonly (Span | null)[] };
  /** Drawn in the page only: shares 0 … 1, one a row. */
  readonly shares?: readonly number[];
}

export interface CalibrationBin {
  /** Mean of what was said and how often it came true, 0 … 1. */
  readonly said: number;
  readonly came: number;
  readonly count: number;
  /** Interval of `came`. */
  readonly low: number;
  readonly high: number;
}

export interface CalibrationCurve {
  readonly name: string;
  readonly bins: readonly CalibrationBin[];
}

/** All words of the report. */
export interface Facts {
  readonly title: string;
  /** What the run was of: strategy, markets, range. */
  readonly subject: string;
  readonly headline: string;
  /** Further findings, one sentence or two each. */
  readonly findings: readonly string[];
  readonly figures: readonly Figure[];
  readonly measures: Table;
  readonly luck: Table;
  readonly arms: readonly Table[];
  readonly assistants: readonly Table[];
  readonly verdicts: Table | null;
  readonly whyNoTrade: Table | null;
  readonly made: readonly Table[];
  readonly command: string;
  readonly madeAt: string;
}

/** Numbers as whole steps of 10^-places, each from the one before: what is left when they are
 * packed is a fifth of the plain text. */
export interface PackedColumn {
  readonly places: number;
  readonly steps: readonly number[];
}

/** Texts of which many are equal: each once, and where it stands. */
export interface PackedTexts {
  readonly words: readonly string[];
  readonly at: readonly number[];
}

export interface PricesData {
  readonly symbol: string;
  readonly openTimeMs: PackedColumn;
  readonly open: PackedColumn;
  readonly high: PackedColumn;
  readonly low: PackedColumn;
  readonly close: PackedColumn;
}

/** Every decision by what the list shows of it, column by column. */
export interface DecisionsData {
  readonly timeMs: PackedColumn;
  readonly symbol: PackedTexts;
  readonly action: PackedTexts;
  readonly confidenceBp: PackedColumn;
  /** What followed: `order`, `asked`, or why nothing did. */
  readonly outcome: PackedTexts;
  /** Empty for a plain strategy. */
  readonly verdict: PackedTexts;
  readonly trigger: PackedTexts;
  readonly why: PackedTexts;
}

/** Decompressed as soon as the page is open. */
export interface BulkData {
  readonly curve: {
    readonly timeMs: PackedColumn;
    readonly equity: PackedColumn;
    readonly exposure: PackedColumn;
    /** The benchmark's worth at the same closes; `null` without one. */
    readonly hold: PackedColumn | null;
  };
  readonly prices: readonly PricesData[];
  readonly fills: readonly FillRecord[];
  readonly orders: readonly OrderRecord[];
  readonly trades: readonly Trade[];
  readonly decisions: DecisionsData;
}

/** One decision in depth. Parts that the gear left out are `null`. */
export interface Detail {
  readonly said: readonly Said[] | null;
  readonly votes: readonly Vote[] | null;
  readonly verdict: Verdict | null;
  readonly arms: CouncilRecord['arms'] | null;
  readonly calls: readonly AssistantCall[];
  readonly rounds: number;
  readonly contested: boolean;
}

/** An utterance without the ids of its mail. */
export interface Said {
  readonly round: number;
  readonly kind: Kind;
  readonly role: Role;
  readonly content: Utterance['content'];
}

/** Readable at once, uncompressed. */
export interface PageData {
  readonly facts: Facts;
  readonly gear: Gear;
  readonly account: Pick<AccountTerms, 'quote' | 'capital'>;
  /** How many decisions stand in one packed piece of details. */
  readonly detailsInPiece: number;
  /** Whether any decision has a detail at all: false for plain strategies. */
  readonly hasDetails: boolean;
  readonly calibration: readonly CalibrationCurve[];
}
