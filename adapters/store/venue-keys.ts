import { SealError } from '../seal/envelope.ts';
import type { Masters } from '../seal/masters.ts';
import type { VenueKeys } from '../venue/paper-keys.ts';
import { readSecret } from './secrets.ts';
import type { Reader } from './store.ts';

/** A user's keys of a real exchange, from the sealed secret `venue-<exchange>`, which holds
 * `{"apiKey": "…", "secret": "…"}`; the ring's own keys when the user has none, null when there are
 * neither. Throws SealError; the message never repeats what was sealed. */
export async function readVenueKeys(
  db: Reader,
  masters: Masters,
  { exchange, userId }: { readonly exchange: string; readonly userId: string },
): Promise<VenueKeys | null> {
  const name = `venue-${exchange}`;
  const own = await readSecret(db, masters, { name, userId });
  const text = own ?? (await readSecret(db, masters, { name, userId: null }));
  return text === null ? null : keysIn(text, name);
}

function keysIn(text: string, name: string): VenueKeys {
  const { apiKey, secret } = parsed(text);
  if (typeof apiKey === 'string' && typeof secret === 'string') return { apiKey, secret };
  throw new SealError(`${name} must hold {"apiKey": …, "secret": …}, holds something else`);
}

function parsed(text: string): { readonly apiKey?: unknown; readonly secret?: unknown } {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}
