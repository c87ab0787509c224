import { decimal, format } from '../../core/market/money.ts';
import type { VenuePort } from '../venue/port.ts';
import { ledgerBalances, type Owner } from './ledger.ts';
import type { Reader } from './store.ts';

export interface BalanceDifference {
  readonly asset: string;
  /** Available plus reserved by our ledger. */
  readonly ledger: string;
  /** Free plus locked at the venue. */
  readonly venue: string;
}

export interface Reconciliation {
  readonly equal: boolean;
  /** By asset; empty when equal. */
  readonly differences: readonly BalanceDifference[];
  /** What the ledger has, by asset, zeros left out. */
  readonly balances: Readonly<Record<string, string>>;
}

/** Compares one user's ledger with the venue's own account, asset by asset, to the last digit.
 * While an order is under way the two may rightly differ: ask when none is. Throws `VenueError`. */
export async function reconcileAccount(
  db: Reader,
  venue: VenuePort,
  owner: Owner,
): Promise<Reconciliation> {
  const [{ balances: there }, here] = await Promise.all([
    venue.account(owner.userId),
    ledgerBalances(db, owner),
  ]);
  const ledger = new Map(
    here.map(({ asset, available, reserved }) => [asset, decimal(available).plus(reserved)]),
  );
  const account = new Map(
    there.map(({ asset, free, locked }) => [asset, decimal(free).plus(locked)]),
  );
  const zero = decimal('0');
  const assets = [...new Set([...ledger.keys(), ...account.keys()])].sort();
  const differences = assets.flatMap((asset) => {
    const ours = ledger.get(asset) ?? zero;
    const theirs = account.get(asset) ?? zero;
    return ours.eq(theirs) ? [] : [{ asset, ledger: format(ours), venue: format(theirs) }];
  });
  const held = [...ledger].filter(([, amount]) => !amount.isZero());
  return {
    equal: differences.length === 0,
    differences,
    balances: Object.fromEntries(held.map(([asset, amount]) => [asset, format(amount)])),
  };
}
