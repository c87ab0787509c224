import { createHmac } from 'node:crypto';

export interface VenueKeys {
  readonly apiKey: string;
  readonly secret: string;
}

const PREFIX = 'paper-';
const ACCOUNT = /^[a-zA-Z0-9-]{1,64}$/;

/** The name the log's secret is derived under; no account may have it, or its keys would be that
 * secret. */
const LOG = 'log';

/** Opens `GET /control/log` at the paper venue and nothing else: what a checker is given. */
export function paperLogSecret(secret: string): string {
  return createHmac('sha256', secret).update(LOG).digest('hex');
}

/** The keys of a paper account. The gateway and the paper venue derive them alike from the secret
 * they share, so no key is ever stored or sent. Throws on an account that no key could carry. */
export function paperKeys(secret: string, account: string): VenueKeys {
  if (!ACCOUNT.test(account) || account === LOG) {
    throw new Error('an account must be 1 to 64 letters, digits or -, and not log');
  }
  return {
    apiKey: `${PREFIX}${account}`,
    secret: createHmac('sha256', secret).update(account).digest('hex'),
  };
}

/** The account an API key belongs to; `null` when it is no paper key. */
export function paperAccount(apiKey: string): string | null {
  if (!apiKey.startsWith(PREFIX)) return null;
  const account = apiKey.slice(PREFIX.length);
  return ACCOUNT.test(account) && account !== LOG ? account : null;
}
