import { hashOf } from '../hash.ts';
import { type AmountValue, Decimal, decimal, format, positive } from '../market/money.ts';
import type { Side } from '../risk/facts.ts';

/** The user's own money is `available` + `reserved`; the other three stand for the rest of the
 * world. */
export const LEDGER_ACCOUNTS = ['available', 'reserved', 'external', 'market', 'fees'] as const;
export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

export interface LedgerEntry {
  readonly account: LedgerAccount;
  readonly asset: string;
  /** Signed decimal string, never zero. */
  readonly amount: string;
}

/** Double entry: the entries of a transaction sum to zero per asset. Never changed once written. */
export interface LedgerTransaction {
  readonly id: string;
  readonly kind: 'deposit' | 'reserve' | 'fill' | 'release';
  /** What it is for: unique per kind, so that a repeat is recognised. */
  readonly reference: string;
  readonly entries: readonly LedgerEntry[];
}

export interface Movement {
  readonly reference: string;
  readonly asset: string;
  /** Positive decimal string. */
  readonly amount: string;
}

export interface FillMovement {
  readonly reference: string;
  readonly side: Side;
  readonly base: string;
  readonly quote: string;
  readonly quantity: string;
  readonly price: string;
  /** What the venue kept; Binance takes it from what was received: base on a buy, quote on a
   * sale. */
  readonly fee: string;
  readonly feeAsset: string;
  /** What the leg still holds in reserve of the asset it pays with. What exceeds it (a late fill,
   * after the release) is paid from available. */
  readonly reserved: AmountValue;
}

export function depositTransaction(movement: Movement): LedgerTransaction {
  return transfer('deposit', movement, { from: 'external', to: 'available' });
}

export function reserveTransaction(movement: Movement): LedgerTransaction {
  return transfer('reserve', movement, { from: 'available', to: 'reserved' });
}

export function releaseTransaction(movement: Movement): LedgerTransaction {
  return transfer('release', movement, { from: 'reserved', to: 'available' });
}

/** What one trade moves. Price × quantity is exact: instruments whose steps together have more than
 * 18 decimals are refused by `format`, because rounding would leave the books and the venue
 * apart. */
export function fillTransaction(fill: FillMovement): LedgerTransaction {
  const { fromReserve, paid, got, fee } = movedBy(fill);
  return balanced('fill', fill.reference, [
    ['reserved', paid.asset, fromReserve.neg()],
    ['available', paid.asset, fromReserve.minus(paid.amount)],
    ['market', paid.asset, paid.amount],
    ['market', got.asset, got.amount.neg()],
    ['available', got.asset, got.amount],
    ['available', fill.feeAsset, fee.neg()],
    ['fees', fill.feeAsset, fee],
  ]);
}

/** What one trade moves of the user's own money, for books that keep sums and no entries. */
interface Moved {
  readonly paid: { readonly asset: string; readonly amount: Decimal };
  readonly got: { readonly asset: string; readonly amount: Decimal };
  /** Of what is paid; the rest is paid from available. */
  readonly fromReserve: Decimal;
  /** Taken from available. */
  readonly fee: Decimal;
}

export function movedBy(fill: Omit<FillMovement, 'reference'>): Moved {
  const quantity = positive(fill.quantity, 'quantity');
  const worth = quantity.times(positive(fill.price, 'price'));
  const bought = fill.side === 'BUY';
  const paid = { asset: bought ? fill.quote : fill.base, amount: bought ? worth : quantity };
  const got = { asset: bought ? fill.base : fill.quote, amount: bought ? quantity : worth };
  const fromReserve = Decimal.min(paid.amount, decimal(fill.reserved, 'reserved'));
  return { paid, got, fromReserve, fee: decimal(fill.fee, 'fee') };
}

/** Sum per asset; every value is zero in a sound transaction. */
export function imbalance(entries: readonly LedgerEntry[]): ReadonlyMap<string, Decimal> {
  const sums = new Map<string, Decimal>();
  for (const { asset, amount } of entries) {
    sums.set(asset, (sums.get(asset) ?? Decimal.of(0)).plus(decimal(amount)));
  }
  return sums;
}

function transfer(
  kind: LedgerTransaction['kind'],
  { reference, asset, amount }: Movement,
  { from, to }: { readonly from: LedgerAccount; readonly to: LedgerAccount },
): LedgerTransaction {
  const value = positive(amount, 'amount');
  return balanced(kind, reference, [
    [from, asset, value.neg()],
    [to, asset, value],
  ]);
}

type Line = readonly [LedgerAccount, string, Decimal];

/** One entry per account and asset, zeros left out. Throws when the lines do not sum to zero. */
function balanced(
  kind: LedgerTransaction['kind'],
  reference: string,
  lines: readonly Line[],
): LedgerTransaction {
  const sums = new Map<string, { account: LedgerAccount; asset: string; amount: Decimal }>();
  for (const [account, asset, amount] of lines) {
    const key = `${account} ${asset}`;
    const before = sums.get(key)?.amount ?? Decimal.of(0);
    sums.set(key, { account, asset, amount: before.plus(amount) });
  }
  const entries = [...sums.values()]
    .filter((line) => !line.amount.isZero())
    .map((line) => ({ ...line, amount: format(line.amount) }));
  for (const [asset, sum] of imbalance(entries)) {
    if (!sum.isZero())
      throw new Error(`${kind} must sum to zero in ${asset}, was ${sum.toFixed()}`);
  }
  return { id: hashOf(['ledger', kind, reference]), kind, reference, entries };
}
