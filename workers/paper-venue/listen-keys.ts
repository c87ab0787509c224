import { randomBytes } from 'node:crypto';

const VALID_MS = 60 * 60_000;
const MOST = 10_000;

/** Keys that open a user stream for an hour, as Binance gives them out. */
export class ListenKeys {
  readonly #keys = new Map<string, { readonly account: string; expiresAtMs: number }>();

  issue(account: string): string {
    for (const [key, { expiresAtMs }] of this.#keys) {
      if (expiresAtMs < Date.now() || this.#keys.size >= MOST) this.#keys.delete(key);
    }
    const key = randomBytes(32).toString('hex');
    this.#keys.set(key, { account, expiresAtMs: Date.now() + VALID_MS });
    return key;
  }

  /** The account the key opens; `null` for a key that is unknown or too old. */
  account(key: string): string | null {
    const entry = this.#keys.get(key);
    return entry && entry.expiresAtMs >= Date.now() ? entry.account : null;
  }

  keep(account: string, key: string): boolean {
    const entry = this.#keys.get(key);
    if (!entry || this.account(key) !== account) return false;
    entry.expiresAtMs = Date.now() + VALID_MS;
    return true;
  }

  drop(account: string, key: string): boolean {
    return this.account(key) === account && this.#keys.delete(key);
  }
}
