/** What is traded and in which steps. Steps and minima are decimal strings in the venue's terms. */
export interface Instrument {
  /** Canonical name, `BASE/QUOTE`: `BTC/USDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** Smallest price step, quote per base. */
  readonly tickSize: string;
  /** Smallest quantity step, base units. */
  readonly lotSize: string;
  /** Smallest price × quantity the venue takes, quote units. */
  readonly minNotional: string;
}

const SYMBOL = /^[A-Z0-9]{1,20}\/[A-Z0-9]{1,20}$/;

export function isSymbol(text: string): boolean {
  return SYMBOL.test(text);
}

/** `BTC/USDT` → `BTC-USDT`: the form a NATS subject, a file name or a workflow id can carry. */
export function symbolToken(symbol: string): string {
  return symbol.replace('/', '-');
}
