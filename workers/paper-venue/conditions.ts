import { z } from 'zod';

/** How the paper market treats its traders. */
export const CONDITIONS = z.strictObject({
  /** Distance of the best price from the middle, basis points. */
  halfSpreadBps: z.number().min(0).max(1000).default(1),
  /** Price levels on each side. */
  levels: z.int().min(1).max(50).default(5),
  /** Distance between levels, basis points. */
  levelStepBps: z.number().min(0).max(1000).default(1),
  /** Quantity on one side of the book, all levels together, as a share of the last candle's volume.
   */
  depthShare: z.number().min(0).max(1).default(0.02),
  /** Share of a candle's volume that may fill the orders resting on one side. */
  restingShare: z.number().min(0).max(1).default(0.05),
  makerFeeBps: z.number().min(0).max(1000).default(10),
  takerFeeBps: z.number().min(0).max(1000).default(10),
  /** Request weight one address may use per minute. The default is far above an exchange's 6,000,
   * so that a replay at full speed is not held up by a limit that guards nothing here. */
  weightPerMinute: z.int().min(100).default(6_000_000),
});
export type Conditions = z.infer<typeof CONDITIONS>;

export const DEFAULT_CONDITIONS: Conditions = CONDITIONS.parse({});
