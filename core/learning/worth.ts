import type { CalibrationDrift, DriftFigures, DriftLevel } from './drift.ts';
import { PSI_DRIFTED, worst } from './drift.ts';

/** What drift leaves of a model's vote, and what is to be done. JSON-safe. */
export interface ModelWorth {
  readonly level: DriftLevel;
  /** 10,000: all of it. */
  readonly worthBp: number;
  readonly retrain: boolean;
  readonly words: string;
}

const WHOLE_BP = 10_000;
/** Drift alone never takes the whole vote: that is a person's to do, or a rollback's. */
export const LEAST_WORTH_BP = 2_500;
/** A stability index of so many times the limit leaves the least. */
const LEAST_AT = 4;

/** A warning leaves the vote whole and tells a person. Past the limit the vote falls: with the
 * worst feature's stability index, from all of it at Siddiqi's 0.25 (or at what is usual for so few
 * rows, when that is more) to the least at four times that; or with the share of the validated
 * skill that is shown to be gone; whichever leaves less. Then retraining is asked for. */
export function worthOf(drift: {
  readonly population: DriftFigures | null;
  readonly calibration: CalibrationDrift | null;
}): ModelWorth {
  const { population, calibration } = drift;
  const level = worst([population?.level ?? 'none', calibration?.level ?? 'none']);
  const left = Math.min(leftByPopulation(population), leftByCalibration(calibration));
  const worthBp = Math.round(LEAST_WORTH_BP + (WHOLE_BP - LEAST_WORTH_BP) * left);
  const retrain = level === 'discounted';
  const found = [population?.words, calibration?.words].filter((one) => one !== undefined);
  const what = found.length === 0 ? 'drift was not measured' : found.join('; ');
  const then = retrain
    ? `its vote counts ${(worthBp / 100).toFixed(0)} %, and it should be trained anew`
    : 'its vote counts whole';
  return { level, worthBp, retrain, words: `${what}; ${then}` };
}

function leftByPopulation(population: DriftFigures | null): number {
  const found = population?.features.filter(({ level }) => level === 'discounted') ?? [];
  const times = found.map(({ psi, limit }) => psi / Math.max(PSI_DRIFTED, limit));
  if (times.length === 0) return 1;
  return Math.max(0, 1 - (Math.max(...times) - 1) / (LEAST_AT - 1));
}

function leftByCalibration(calibration: CalibrationDrift | null): number {
  return calibration?.level === 'discounted' ? calibration.skillLeft : 1;
}
