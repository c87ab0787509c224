import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { hashOf } from '../../core/hash.ts';

/** Ed25519 (RFC 8032): keys, signatures and their one text form each. */

/** A public key as the database keeps it: base64 of its SPKI DER bytes. */
export type PublicKeyText = string;

export interface KeyPair {
  /** PKCS #8, PEM. Belongs into a file of the owner and nowhere else. */
  readonly privatePem: string;
  readonly publicKey: PublicKeyText;
}

/** 64 bytes as lower-case hex: one signature has one text. */
export const SIGNATURE_PATTERN = /^[0-9a-f]{128}$/;

export function generateKeys(): KeyPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { privatePem, publicKey: publicKeyOf(privatePem) };
}

/** Throws when the text is no Ed25519 private key; the error never repeats the text. */
export function publicKeyOf(privatePem: string): PublicKeyText {
  const key = createPublicKey(privateKeyOf(privatePem));
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** Names a public key for ever. */
export function keyIdOf(publicKey: PublicKeyText): string {
  return hashOf({ id: 'key', publicKey });
}

/** The signature of a text's UTF-8 bytes. Ed25519 has no randomness: the same text and key give
 * the same signature. */
export function signText(privatePem: string, text: string): string {
  return sign(null, Buffer.from(text, 'utf8'), privateKeyOf(privatePem)).toString('hex');
}

/** Whether a signature is this key's over this text. Never throws: whatever cannot be read is not
 * genuine. */
export function isSignedBy(publicKey: PublicKeyText, text: string, signature: string): boolean {
  if (!SIGNATURE_PATTERN.test(signature)) return false;
  try {
    const key = createPublicKey({
      key: Buffer.from(publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    });
    if (key.asymmetricKeyType !== 'ed25519') return false;
    return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'hex'));
  } catch {
    return false;
  }
}

function privateKeyOf(privatePem: string) {
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(privatePem);
  } catch {
    throw new TypeError('must be an Ed25519 private key in PEM, was something else');
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError(`must be an Ed25519 private key, was ${key.asymmetricKeyType}`);
  }
  return key;
}
