import { ACTIONS, type Action, type Stance } from '../assistants/speech.ts';
import { shareOf, topAction } from '../assistants/stance.ts';
import type { Calibration, CalibrationBin, Score } from './assessment.ts';

const WHOLE = 10_000;
/** The least share the log score believes a stance to have given: one basis point, the smallest a
 * stance can hold. Without it one certain error would weigh more than any record. */
export const LEAST_SHARE = 1 / WHOLE;

/** Shares given to BUY, SELL and HOLD, 0 … 1. */
export type Shares = readonly [number, number, number];

/** Brier, "Verification of forecasts expressed in terms of probability" (1950), the original form
 * for several classes: Σ (share − came)², 0 … 2. */
export function brierOf({ buyBp, sellBp, holdBp }: Stance, label: Action): number {
  return brierOfShares([buyBp / WHOLE, sellBp / WHOLE, holdBp / WHOLE], label);
}

export function brierOfShares([buyShare, sellShare, holdShare]: Shares, label: Action): number {
  const buy = buyShare - (label === 'BUY' ? 1 : 0);
  const sell = sellShare - (label === 'SELL' ? 1 : 0);
  const hold = holdShare - (label === 'HOLD' ? 1 : 0);
  return buy * buy + sell * sell + hold * hold;
}

/** −ln of the share given to what came (Good 1952), clipped to `LEAST_SHARE`: 0 … 9.21. */
export function logScoreOf(stance: Stance, label: Action): number {
  return -Math.log(Math.max(LEAST_SHARE, shareOf(stance, label) / WHOLE));
}

/** Scores of stances as they are settled, in any order: O(1) each, fixed memory. */
export class ScoreSheet {
  readonly #labels: Record<Action, number> = { BUY: 0, SELL: 0, HOLD: 0 };
  #unsettled = 0;
  #brier = 0;
  #log = 0;
  #calls = 0;
  #hits = 0;
  #right = 0;

  /** `null`: the outcome is not known. */
  add(stance: Stance, label: Action | null): void {
    if (label === null) {
      this.#unsettled += 1;
      return;
    }
    this.#labels[label] += 1;
    this.#brier += brierOf(stance, label);
    this.#log += logScoreOf(stance, label);
    const top = topAction(stance);
    if (top === label) this.#right += 1;
    if (top === null || top === 'HOLD') return;
    this.#calls += 1;
    if (top === label) this.#hits += 1;
  }

  get labels(): Readonly<Record<Action, number>> {
    return { ...this.#labels };
  }

  score(): Score {
    const settled = ACTIONS.reduce((sum, action) => sum + this.#labels[action], 0);
    const mean = (sum: number): number | null => (settled === 0 ? null : sum / settled);
    const brier = mean(this.#brier);
    return {
      settled,
      unsettled: this.#unsettled,
      brier,
      skill: this.#skill(brier, settled),
      logScore: mean(this.#log),
      calls: this.#calls,
      hits: this.#hits,
      hitRate: this.#calls === 0 ? null : this.#hits / this.#calls,
      accuracy: mean(this.#right),
    };
  }

  /** Against the settled labels' own shares, said every time: their Brier score is 1 − Σ share². */
  #skill(brier: number | null, settled: number): number | null {
    if (brier === null) return null;
    const squares = ACTIONS.reduce((sum, action) => sum + (this.#labels[action] / settled) ** 2, 0);
    return squares < 1 ? 1 - brier / (1 - squares) : null;
  }
}

export const CALIBRATION_BINS = 10;

/** Reliability of the top share in ten bins of equal width (Murphy & Winkler 1977; the expected
 * error as in Naeini, Cooper & Hauskrecht 2015). Of two equal tops none is a claim: left out. */
export class CalibrationSheet {
  readonly #counts = new Float64Array(CALIBRATION_BINS);
  /** Basis points, so that sums are exact. */
  readonly #saidBp = new Float64Array(CALIBRATION_BINS);
  readonly #came = new Float64Array(CALIBRATION_BINS);

  add(stance: Stance, label: Action): void {
    const top = topAction(stance);
    if (top === null) return;
    const shareBp = shareOf(stance, top);
    // A share on a line belongs to the bin above it; 1 to the last. Whole numbers find the line.
    const bin = Math.min(CALIBRATION_BINS - 1, Math.floor((shareBp * CALIBRATION_BINS) / WHOLE));
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
    this.#saidBp[bin] = (this.#saidBp[bin] as number) + shareBp;
    if (top === label) this.#came[bin] = (this.#came[bin] as number) + 1;
  }

  calibration(): Calibration {
    const bins: CalibrationBin[] = [];
    let [total, gap] = [0, 0];
    for (let bin = 0; bin < CALIBRATION_BINS; bin += 1) {
      const count = this.#counts[bin] as number;
      const [said, came] = [(this.#saidBp[bin] as number) / WHOLE, this.#came[bin] as number];
      total += count;
      gap += Math.abs(said - came);
      bins.push({
        from: bin / CALIBRATION_BINS,
        to: (bin + 1) / CALIBRATION_BINS,
        count,
        said: count === 0 ? null : said / count,
        came: count === 0 ? null : came / count,
      });
    }
    return { bins, expectedError: total === 0 ? null : gap / total };
  }
}
