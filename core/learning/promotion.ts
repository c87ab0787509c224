import type { BootstrapTerms, OutcomeTerms } from '../judgement/assessment.ts';
import { DEFAULT_BOOTSTRAP } from '../judgement/bootstrap.ts';
import type { CandleSeries } from '../market/candle-series.ts';
import { betterCheck, calibratedCheck, featuresCheck, gateCheck, shadowCheck } from './checks.ts';
import type { PromotionCheck, ValidationRow } from './contract.ts';
import type { DriftFigures } from './drift.ts';
import { type Held, paysCheck } from './pays.ts';
import type { Answer } from './validation.ts';

/** Declared before anything is trained; reasons for the figures: docs/learning.md. */
export interface PromotionTerms {
  /** Chance that any of all trials without skill passes `better`: one side of a 95 % interval. */
  readonly level: number;
  /** Above it, somewhere within its interval, the expected calibration error is too much. */
  readonly mostCalibrationError: number;
  readonly shadowAnswers: number;
  /** So many rows after the champion's own must there be for them alone to decide. */
  readonly freshRows: number;
  readonly bootstrap: BootstrapTerms;
}

export const PROMOTION_TERMS: PromotionTerms = {
  level: 0.025,
  mostCalibrationError: 0.1,
  shadowAnswers: 20,
  freshRows: 500,
  bootstrap: DEFAULT_BOOTSTRAP,
};

/** Everything a candidate is judged by. */
export interface CandidateFacts {
  /** Its answers out of sample, in the order of close times. */
  readonly candidate: readonly ValidationRow[];
  /** `baseAnswers` to the same rows. */
  readonly base: readonly Answer[];
  /** What the champion's file answers to the same rows, and until when it has seen the market
   * (`card.data.toMs`); `null`: there is none. */
  readonly champion: { readonly answers: readonly Answer[]; readonly trainedToMs: number } | null;
  readonly label: OutcomeTerms;
  /** The market's candles over these rows: what holding made. `null`: not on record. */
  readonly candles: CandleSeries | null;
  /** Models that were ever trained for the market, this one included. */
  readonly trials: number;
  /** Newest candles against the candidate's training set; `null`: not measured. */
  readonly drift: DriftFigures | null;
  /** Live answers of the serving path, and how many of them equal the offline ones exactly. */
  readonly shadow: { readonly answers: number; readonly equal: number };
  /** What replaying recorded debates on the candidate showed; `null`: not run yet. */
  readonly gate: GateFinding | null;
}

export interface GateFinding {
  readonly passed: boolean;
  readonly words: string;
  readonly figures: PromotionCheck['figures'];
}

export interface PromotionJudgement {
  readonly verdict: 'promoted' | 'shadow' | 'rejected';
  readonly checks: readonly PromotionCheck[];
  /** One sentence, the verdict with its reasons. */
  readonly words: string;
  /** What acting on its calls made, and what holding made in the same time. */
  readonly held: Held;
}

/** The verdict on a candidate. `promoted` only when every check passes; `shadow` when all that is
 * missing is live answers to compare, or the gate's run; else `rejected`. Throws a `RangeError`
 * when answers are not of the same rows, rows are not in order of time, or a number is not one. */
export function judgeCandidate(
  facts: CandidateFacts,
  terms: PromotionTerms = PROMOTION_TERMS,
): PromotionJudgement {
  requireSound(facts);
  const { check: pays, held } = paysCheck(facts, terms);
  const checks: readonly PromotionCheck[] = [
    betterCheck(facts, terms),
    pays,
    calibratedCheck(facts, terms),
    featuresCheck(facts.drift),
    shadowCheck(facts.shadow, terms.shadowAnswers),
    gateCheck(facts.gate),
  ];
  const missing = checks.filter(({ passed }) => !passed);
  const waits = (check: PromotionCheck): boolean =>
    (check.name === 'shadow' && facts.shadow.equal === facts.shadow.answers) ||
    (check.name === 'gate' && facts.gate === null);
  if (missing.length === 0) {
    return { verdict: 'promoted', checks, held, words: `promoted: ${sentence(checks)}` };
  }
  if (missing.every(waits)) {
    return { verdict: 'shadow', checks, held, words: `in the shadow: ${sentence(missing)}` };
  }
  const failed = missing.filter((check) => !waits(check));
  return { verdict: 'rejected', checks, held, words: `rejected: ${sentence(failed)}` };
}

function sentence(checks: readonly PromotionCheck[]): string {
  return checks.map(({ words }) => words).join('; ');
}

function requireSound({ candidate, base, champion, trials, shadow }: CandidateFacts): void {
  const others = [base, ...(champion === null ? [] : [champion.answers])];
  for (const { length } of others) {
    if (length === candidate.length) continue;
    throw new RangeError(`answers must be to the same ${candidate.length} rows, were ${length}`);
  }
  if (!(Number.isInteger(trials) && trials >= 1)) {
    throw new RangeError(`trials must be a whole number from 1 on, was ${trials}`);
  }
  if (!(shadow.equal >= 0 && shadow.equal <= shadow.answers)) {
    throw new RangeError(`equal must be 0 … ${shadow.answers}, was ${shadow.equal}`);
  }
  let beforeMs = Number.NEGATIVE_INFINITY;
  candidate.forEach((row, at) => {
    if (!(row.closeTimeMs >= beforeMs)) {
      throw new RangeError(`rows must be in order of time, row ${at} was at ${row.closeTimeMs}`);
    }
    beforeMs = row.closeTimeMs;
    const answers = [row, ...others.map((other) => other[at] as Answer)];
    for (const { buy, sell, hold } of answers) {
      // False for NaN as well.
      if (Math.min(buy, sell, hold) >= 0 && Math.abs(buy + sell + hold - 1) < 0.01) continue;
      throw new RangeError(`shares of row ${at} must sum to 1, were ${buy}, ${sell}, ${hold}`);
    }
    if (!Number.isFinite(row.move)) throw new RangeError(`move of row ${at} was ${row.move}`);
  });
}
