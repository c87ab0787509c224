import { createHmac, timingSafeEqual } from 'node:crypto';
import { paperAccount, paperKeys } from '../../adapters/venue/paper-keys.ts';
import { Refusal } from '../../core/venue/errors.ts';
import type { VenueState } from '../../core/venue/state.ts';
import type { Parameters } from './parameters.ts';

const MOST_RECV_WINDOW_MS = 60_000;
const DEFAULT_RECV_WINDOW_MS = 5_000;
const AHEAD_MS = 1_000;

/** The account an API key stands for. Throws `Refusal` (-2014, -2015). */
export function accountOf(state: VenueState, apiKey: string | undefined): string {
  const account = apiKey === undefined ? null : paperAccount(apiKey);
  if (account === null) throw new Refusal('keyFormat');
  if (!state.accounts.has(account)) throw new Refusal('key');
  return account;
}

/** Checks the request's age and its HMAC-SHA256, as Binance does: over the parameters exactly as
 * they came (`signed`: without the signature itself). Throws `Refusal`. */
export function checkSignature(
  parameters: Parameters,
  proof: {
    readonly account: string;
    readonly secret: string;
    readonly signed: string;
    readonly nowMs: number;
  },
): void {
  checkAge(parameters, proof.nowMs);
  const given = parameters.text('signature', '^[A-Za-z0-9+/=]{1,512}$');
  const { secret } = paperKeys(proof.secret, proof.account);
  const expected = createHmac('sha256', secret).update(proof.signed).digest();
  const actual = Buffer.from(given, 'hex');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) {
    throw new Refusal('signature');
  }
}

function checkAge(parameters: Parameters, now: number): void {
  const timestamp = parameters.integer('timestamp');
  const window = parameters.optionalInteger('recvWindow') ?? DEFAULT_RECV_WINDOW_MS;
  if (window > MOST_RECV_WINDOW_MS) throw new Refusal('recvWindow');
  if (timestamp >= now + AHEAD_MS) throw new Refusal('timestampAhead');
  if (now - timestamp > window) throw new Refusal('timestamp');
}

/** The raw parameters without `signature=…`. */
export function withoutSignature(raw: string): string {
  return raw
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&');
}
