/** How the paper market treats its traders. Fees, spread and steps in basis points. */
export interface Conditions {
  /** Distance of the best price from the middle. */
  readonly halfSpreadBps: number;
  /** Price levels on each side. */
  readonly levels: number;
  /** Distance between levels. */
  readonly levelStepBps: number;
  /** Quantity on one side of the book, all levels together, as a share of the last candle's volume.
   */
  readonly depthShare: number;
  /** Share of a candle's volume that may fill the orders resting on one side. */
  readonly restingShare: number;
  readonly makerFeeBps: number;
  readonly takerFeeBps: number;
  /** Request weight one address may use per minute. The default is far above an exchange's 6,000,
   * so that a replay at full speed is not held up by a limit that guards nothing here. */
  readonly weightPerMinute: number;
}

export const DEFAULT_CONDITIONS: Conditions = {
  halfSpreadBps: 1,
  levels: 5,
  levelStepBps: 1,
  depthShare: 0.02,
  restingShare: 0.05,
  makerFeeBps: 10,
  takerFeeBps: 10,
  weightPerMinute: 6_000_000,
};
