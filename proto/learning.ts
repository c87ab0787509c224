import type { Market } from '../core/learning/contract.ts';

/** What the learning loop takes and gives, as JSON in Temporal's history. Times are ISO 8601 in
 * UTC; matrices and models go by sha256 through Postgres, never through a payload. */

export const CADENCES = ['daily', 'weekly', 'monthly', 'demand'] as const;
export type Cadence = (typeof CADENCES)[number];

export interface LearningInput extends Market {
  readonly namespace: string;
  readonly cadence: Cadence;
  /** The training window: candles that open at `from` or later and before `to`. `null`: what the
   * cadence says, back from the newest candle on record. */
  readonly from: string | null;
  readonly to: string | null;
  /** Venue whose candles are learned from; `null`: the one with the most in the window, the
   * market's own first. */
  readonly candles: string | null;
  readonly settings: TrainerSettings;
}

/** The steps of the loop, as the Temporal Web UI and `corro train` name them. */
export const LEARNING_STAGES = [
  'collect outcomes',
  'analyse performance',
  'update models',
  'generate insights',
] as const;
export type LearningStage = (typeof LEARNING_STAGES)[number];

export const STAGE_STATUSES = ['waiting', 'running', 'done', 'failed'] as const;

/** How far a run is: the answer to its query `learning`, and its page in the Web UI. */
export interface LearningView extends Market {
  readonly cadence: Cadence;
  /** `null` until it is its turn. */
  readonly runId: string | null;
  readonly stages: readonly {
    readonly stage: LearningStage;
    readonly status: (typeof STAGE_STATUSES)[number];
    /** What it found so far, one sentence each. */
    readonly lines: readonly string[];
  }[];
}

export interface TrainerSettings {
  readonly seed: number;
  readonly trees: number;
  readonly folds: number;
  /** Candles left out between the past and the future of a fold, beside purging. */
  readonly embargoCandles: number;
}

export const TRAINER_SETTINGS: TrainerSettings = {
  seed: 7,
  trees: 100,
  folds: 5,
  embargoCandles: 12,
};

/** Name of the trainer's one activity (Python) on `wire.queues.training`. */
export const TRAIN_ACTIVITY = 'trainModel';

/** What the trainer is asked. */
export interface TrainOrder {
  /** sha256 of the matrix among the blobs. */
  readonly matrixHash: string;
  readonly settings: TrainerSettings;
}

/** What the trainer tells while it works, as heartbeat details. */
export interface TrainProgress {
  /** `reading`, `fold 2 of 5`, `fitting`, `exporting`, `storing` … */
  readonly stage: string;
  readonly done: number;
  readonly of: number;
  readonly folds: readonly FoldMetrics[];
}

/** One fold of the purged, embargoed walk-forward. */
export interface FoldMetrics {
  readonly fold: number;
  readonly trainRows: number;
  readonly testRows: number;
  readonly testFrom: string;
  readonly testTo: string;
  readonly brier: number;
  /** Brier of always saying the shares of the labels of the fold's past. */
  readonly baseBrier: number;
  readonly logLoss: number;
  readonly accuracy: number;
  /** Rows whose likeliest answer was BUY or SELL. */
  readonly calls: number;
  /** Mean of (±move − round trip cost) over these calls; `null` without any. */
  readonly netReturn: number | null;
  /** Mean absolute error of magnitude and of risk. */
  readonly magnitudeError: number;
  readonly riskError: number;
}

/** What the trainer made. */
export interface TrainedModel {
  readonly modelHash: string;
  /** sha256 of the graph without its metadata. */
  readonly graphHash: string;
  /** sha256 of the answers out of sample among the blobs (kind `validation`), in the format of a
   * matrix: JSON header line, then doubles. */
  readonly validationHash: string;
  readonly runId: string;
  readonly rows: number;
  readonly labels: Readonly<Record<'BUY' | 'SELL' | 'HOLD', number>>;
  readonly folds: readonly FoldMetrics[];
  /** Share of the impurity each feature took out of the forest, by name; sums to 1. */
  readonly importance: Readonly<Record<string, number>>;
}

/** Type of the trainer's failure that no repetition mends: the matrix cannot be learned from. */
export const BAD_MATRIX = 'BadMatrix';

export interface LearningResult {
  readonly runId: string;
  readonly verdict: 'promoted' | 'shadow' | 'rejected' | 'untrained';
  readonly weightsVersion: number;
  readonly modelHash: string | null;
  /** One line for a reader. */
  readonly why: string;
}

/** Types of a run's failures: another one of its market is under way; there are no candles. */
export const RUN_UNDER_WAY = 'RunUnderWay';
export const NO_CANDLES = 'NoCandles';
