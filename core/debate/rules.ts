/** The house rules every debate is held under. A version's content never changes: a new rule is a
 * new version, and a recorded decision names the version it was judged by. */
export interface DebateRules {
  readonly version: number;
  /** Rounds at most, the vote included: 3 = analysis, one debate round, vote. At least 2. */
  readonly maxRounds: number;
  /** A side needs strictly more than this share of the weight cast. */
  readonly thresholdBp: number;
  /** Ballots with a choice and a weight above zero, at least. */
  readonly quorum: number;
  /** An opinion at least this confident can make a debate contested. */
  readonly confidentBp: number;
  /** A debate round that moves no share of the leaning by more than this has settled. */
  readonly stableBp: number;
  /** Ballots that rest on text weigh at most this share of the weight cast, together. */
  readonly textCapBp: number;
  /** What is left of a ballot's weight (or a position's confidence) after a change of mind that
   * names no new evidence. */
  readonly unmovedDiscountBp: number;
}

const VERSION_1: DebateRules = {
  version: 1,
  maxRounds: 3,
  thresholdBp: 5_000,
  quorum: 5,
  confidentBp: 5_000,
  stableBp: 300,
  textCapBp: 2_000,
  unmovedDiscountBp: 5_000,
};

/** The rules by version, for ever: `corro verify` judges an old decision by its own version. */
const RULES_BY_VERSION: ReadonlyMap<number, DebateRules> = new Map([[1, VERSION_1]]);

export const DEFAULT_RULES: DebateRules = VERSION_1;

/** The rules of one version. Throws a RangeError that names the versions that exist. */
export function rulesOf(version: number): DebateRules {
  const rules = RULES_BY_VERSION.get(version);
  if (rules !== undefined) return rules;
  const known = [...RULES_BY_VERSION.keys()].join(', ');
  throw new RangeError(`rules version must be one of ${known}, was ${version}`);
}
