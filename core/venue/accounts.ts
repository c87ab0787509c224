import { type Amount, amount, basisPointsOf, ZERO } from './decimals.ts';
import type { Match, Side } from './matching.ts';

export interface Balance {
  readonly free: Amount;
  readonly locked: Amount;
}

/** `[asset, free, locked]`: a balance as an event carries it; a log makes text of it, and text is
 * what it reads. */
export type BalanceRow = readonly [string, Amount | string, Amount | string];

const NOTHING: Balance = { free: ZERO, locked: ZERO };

/** All money at the venue. Changed only by rows that a `Wallet` has checked. */
export class Accounts {
  readonly #accounts = new Map<string, Map<string, Balance>>();

  has(account: string): boolean {
    return this.#accounts.has(account);
  }

  names(): readonly string[] {
    return [...this.#accounts.keys()];
  }

  balances(account: string): ReadonlyMap<string, Balance> {
    return this.#accounts.get(account) ?? new Map<string, Balance>();
  }

  apply(account: string, rows: readonly BalanceRow[]): void {
    const balances = this.#accounts.get(account) ?? new Map<string, Balance>();
    for (const [asset, free, locked] of rows) {
      balances.set(asset, { free: amount(free), locked: amount(locked) });
    }
    this.#accounts.set(account, balances);
  }
}

/** A draft of one account's changes: all of them, or (when one would go below zero) none. */
export class Wallet {
  readonly #before: ReadonlyMap<string, Balance>;
  readonly #changed = new Map<string, Balance>();

  constructor(before: ReadonlyMap<string, Balance>) {
    this.#before = before;
  }

  balance(asset: string): Balance {
    return this.#changed.get(asset) ?? this.#before.get(asset) ?? NOTHING;
  }

  /** Adds to (or takes from) the free and the locked part. Throws when a part would become
   * negative: callers ask `balance` first, so that is a fault in the venue itself. */
  change(asset: string, by: { readonly free?: Amount; readonly locked?: Amount }): void {
    const { free, locked } = this.balance(asset);
    const next = { free: free.plus(by.free ?? ZERO), locked: locked.plus(by.locked ?? ZERO) };
    if (next.free.isNegative() || next.locked.isNegative()) {
      const was = `${next.free.toFixed()} free, ${next.locked.toFixed()} locked`;
      throw new Error(`balance of ${asset} must not be negative, was ${was}`);
    }
    this.#changed.set(asset, next);
  }

  rows(): readonly BalanceRow[] {
    return [...this.#changed].map(([asset, { free, locked }]) => [asset, free, locked]);
  }
}

export interface Pair {
  readonly base: string;
  readonly quote: string;
}

/** The asset and the quantity an order must have behind it: quote for a buy, base for a sell. */
export function cover(
  pair: Pair,
  side: Side,
  terms: { readonly price: Amount; readonly quantity: Amount },
): { readonly asset: string; readonly needed: Amount } {
  return side === 'BUY'
    ? { asset: pair.quote, needed: terms.price.times(terms.quantity) }
    : { asset: pair.base, needed: terms.quantity };
}

export interface Settlement {
  readonly pair: Pair;
  readonly side: Side;
  readonly match: Match;
  /** The limit the order locked its money at; `null`: nothing was locked (MARKET). */
  readonly lockedAt: Amount | null;
  readonly feeBps: number;
}

/** Moves one match's money and returns the fee kept. Binance takes it from what is received (base
 * for a buy, quote for a sell), in eight decimals, rounded down. */
export function settle(wallet: Wallet, settlement: Settlement): { fee: Amount; feeAsset: string } {
  const { pair, side, match, lockedAt } = settlement;
  const cost = match.price.times(match.quantity);
  const received = side === 'BUY' ? match.quantity : cost;
  const fee = basisPointsOf(received, settlement.feeBps).toDecimalPlaces(8, 'down');
  if (side === 'BUY') {
    const locked = lockedAt ? lockedAt.times(match.quantity) : null;
    wallet.change(
      pair.quote,
      locked ? { locked: locked.neg(), free: locked.minus(cost) } : { free: cost.neg() },
    );
    wallet.change(pair.base, { free: received.minus(fee) });
    return { fee, feeAsset: pair.base };
  }
  const given = match.quantity.neg();
  wallet.change(pair.base, lockedAt ? { locked: given } : { free: given });
  wallet.change(pair.quote, { free: received.minus(fee) });
  return { fee, feeAsset: pair.quote };
}
