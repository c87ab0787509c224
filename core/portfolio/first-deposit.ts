const FIRST_DEPOSIT: Readonly<Record<string, string>> = { BTC: '1', ETH: '10', BNB: '50' };
const FIRST_DEPOSIT_DOLLARS = '10000';

/** Paper money a user begins with in a quote asset, a decimal string: about the same worth in
 * each. */
export function firstDeposit(quote: string): string {
  return Object.hasOwn(FIRST_DEPOSIT, quote)
    ? (FIRST_DEPOSIT[quote] as string)
    : FIRST_DEPOSIT_DOLLARS;
}
