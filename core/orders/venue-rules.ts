/** What a venue promises about orders, where promises differ. */
export interface VenueRules {
  /** Whether the venue refuses a client order id it has seen: `never`, only while the earlier order
   * is open (Binance), or `forever` (Alpaca). Anything but `forever` means that the id alone does
   * not prevent a double, so a retry must wait for proof whatever the id. */
  readonly refusesRepeatedId: 'never' | 'open-only' | 'forever';
  /** How long after its signature the venue may still take a request (Binance: recvWindow). */
  readonly requestValidityMs: number;
  /** Allowance for the venue's own clocks. */
  readonly clockMarginMs: number;
  /** How late an order that was taken may appear to a query. */
  readonly readLagMs: number;
  /** Whose error codes it answers with; empty: nobody's that was studied. */
  readonly dialect: string;
}

const BINANCE: VenueRules = {
  refusesRepeatedId: 'open-only',
  requestValidityMs: 5_000,
  clockMarginMs: 1_000,
  readLagMs: 2_000,
  dialect: 'binance',
};

const RULES: Readonly<Record<string, VenueRules>> = {
  paper: BINANCE,
  binance: BINANCE,
  alpaca: { ...BINANCE, refusesRepeatedId: 'forever', requestValidityMs: 30_000, dialect: '' },
};

/** Of a venue nobody has studied nothing good is assumed: a minute's validity, no refusal of
 * repeats. */
const STRANGER: VenueRules = {
  refusesRepeatedId: 'never',
  requestValidityMs: 60_000,
  clockMarginMs: 5_000,
  readLagMs: 10_000,
  dialect: '',
};

export function venueRules(venue: string): VenueRules {
  return RULES[venue] ?? STRANGER;
}
