/** A model's answer to one row. Doubles that were 32-bit floats. Apart from the contract, which
 * hashes the feature list: a page in a browser knows this much of a model and no more. */
export interface Prediction {
  readonly buy: number;
  readonly sell: number;
  readonly hold: number;
  readonly magnitude: number;
  readonly confidence: number;
  readonly risk: number;
}
