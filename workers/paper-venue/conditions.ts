import { z } from 'zod';
import { type Conditions, DEFAULT_CONDITIONS } from '../../core/venue/conditions.ts';

const basisPoints = z.number().min(0).max(1000);
const share = z.number().min(0).max(1);
const { halfSpreadBps, levels, levelStepBps, depthShare } = DEFAULT_CONDITIONS;
const { restingShare, makerFeeBps, takerFeeBps, weightPerMinute } = DEFAULT_CONDITIONS;

/** The market's conditions as a control request gives them; what is left out takes its default. */
export const CONDITIONS = z.strictObject({
  halfSpreadBps: basisPoints.default(halfSpreadBps),
  levels: z.int().min(1).max(50).default(levels),
  levelStepBps: basisPoints.default(levelStepBps),
  depthShare: share.default(depthShare),
  restingShare: share.default(restingShare),
  makerFeeBps: basisPoints.default(makerFeeBps),
  takerFeeBps: basisPoints.default(takerFeeBps),
  weightPerMinute: z.int().min(100).default(weightPerMinute),
}) satisfies z.ZodType<Conditions>;
