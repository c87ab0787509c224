import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Envelope encryption: a secret is sealed with a data key of its own, and that key with a master
 * key that never lies in the database. Both layers are AES-256-GCM with a fresh 96-bit nonce (NIST
 * SP 800-38D) and bound to the row they belong to: moved into another row, they do not open. */

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** One sealed layer, base64. */
export interface Sealed {
  readonly nonce: string;
  readonly text: string;
  readonly tag: string;
}

export interface Envelope {
  readonly form: 1;
  /** The data key, sealed with the master key. */
  readonly key: Sealed;
  /** The secret, sealed with the data key. */
  readonly secret: Sealed;
}

/** Which row an envelope belongs to. */
export interface Place {
  readonly rowId: string;
  readonly version: number;
}

/** A master key as it was read from its file. */
export interface MasterKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/** An envelope that does not open: another row's, another master's, or changed. The message never
 * repeats what was in it. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

export function seal(secret: string, place: Place, master: MasterKey): Envelope {
  const dataKey = randomBytes(KEY_BYTES);
  return {
    form: 1,
    key: close(dataKey, master.bytes, aad('key', place)),
    secret: close(Buffer.from(secret, 'utf8'), dataKey, aad('secret', place)),
  };
}

/** Throws SealError. */
export function unseal(envelope: Envelope, place: Place, master: MasterKey): string {
  const dataKey = dataKeyOf(envelope, place, master);
  const what = `the secret of ${shown(place)}`;
  return open(envelope.secret, { key: dataKey, aad: aad('secret', place), what }).toString('utf8');
}

/** The same secret under another master key: what is inside is not opened. Throws SealError. */
export function rewrap(
  envelope: Envelope,
  place: Place,
  masters: { readonly from: MasterKey; readonly to: MasterKey },
): Envelope {
  const dataKey = dataKeyOf(envelope, place, masters.from);
  return { ...envelope, key: close(dataKey, masters.to.bytes, aad('key', place)) };
}

function dataKeyOf(envelope: Envelope, place: Place, master: MasterKey): Buffer {
  if (envelope.form !== 1) {
    throw new SealError(`the envelope of ${shown(place)} must have form 1, has another`);
  }
  const what = `the key of ${shown(place)} under master ${master.id}`;
  const dataKey = open(envelope.key, { key: master.bytes, aad: aad('key', place), what });
  if (dataKey.length === KEY_BYTES) return dataKey;
  throw new SealError(`${what} must have ${KEY_BYTES} bytes, had ${dataKey.length}`);
}

function aad(layer: 'key' | 'secret', { rowId, version }: Place): Buffer {
  return Buffer.from(JSON.stringify(['corro', layer, rowId, version]), 'utf8');
}

function shown({ rowId, version }: Place): string {
  return `row ${rowId}, version ${version}`;
}

function close(plain: Buffer, key: Buffer, bound: Buffer): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bound);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    nonce: nonce.toString('base64'),
    text: text.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

function open(
  sealed: Sealed,
  lock: { readonly key: Buffer; readonly aad: Buffer; readonly what: string },
): Buffer {
  try {
    const nonce = bytesOf(sealed.nonce, NONCE_BYTES);
    const cipher = createDecipheriv('aes-256-gcm', lock.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(lock.aad);
    cipher.setAuthTag(bytesOf(sealed.tag, TAG_BYTES));
    return Buffer.concat([cipher.update(Buffer.from(sealed.text, 'base64')), cipher.final()]);
  } catch {
    const why = 'it belongs to another row, version or master key, or was changed';
    throw new SealError(`${lock.what} does not open: ${why}`);
  }
}

/** GCM would take a nonce or a tag of another length; ours have one. */
function bytesOf(text: string, length: number): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== length) throw new RangeError(`must have ${length} bytes`);
  return bytes;
}
