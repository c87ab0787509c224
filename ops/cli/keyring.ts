import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Kysely } from 'kysely';
import { signAnswer } from '../../adapters/seal/answer.ts';
import { generateKeys, keyIdOf, publicKeyOf } from '../../adapters/seal/signature.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { addUserKey, listUserKeys, type UserKey } from '../../adapters/store/user-keys.ts';
import { listUsers } from '../../adapters/store/users.ts';
import { CorroError } from '../../proto/errors.ts';
import type { AnswerWish, EscalationInput, SignedAnswer } from '../../proto/escalation.ts';
import { homeAt, writeAtomically } from '../stack/home.ts';

/** The private keys of a home folder: one file a user, which only its owner may read. They never
 * leave it; what leaves are signatures. */
export class Keyring {
  readonly #folder: string;

  /** `home`: the stack's home folder. */
  constructor(home: string) {
    this.#folder = join(homeAt(home).secrets, 'keys');
  }

  pathOf(username: string): string {
    if (!/^[a-z0-9_-]{1,50}$/.test(username)) {
      throw new CorroError('usage', `username must be 1 to 50 of a-z 0-9 _ -, was ${username}`);
    }
    return join(this.#folder, `${username}.pem`);
  }

  /** The id of the key that lies here for a user; null when there is none. */
  keyId(username: string): string | null {
    const path = this.pathOf(username);
    return existsSync(path) ? keyIdOf(publicKeyOf(this.#read(username))) : null;
  }

  /** Signs an answer to a question as its user. Throws `no_key`, naming the file and the command
   * that helps, when the user's key is not here. */
  sign(question: EscalationInput, wish: AnswerWish): SignedAnswer {
    return signAnswer(this.#read(question.username), question, wish);
  }

  /** Makes a new key for a user: the private half here, the public one in the books. The key that
   * lay here before is revoked in the same act: nobody could sign with it any more. */
  async make(db: Kysely<Database>, username: string): Promise<UserKey> {
    const path = this.pathOf(username);
    const before = this.#idBefore(username);
    const known = await listUserKeys(db, { username });
    const replaces = known.some(({ id }) => id === before) ? before : null;
    const { privatePem, publicKey } = generateKeys();
    const key = { username, publicKey, label: `made on ${hostname()}`, replaces };
    const stored = await addUserKey(db, key);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeAtomically(path, privatePem, 0o600);
    return stored;
  }

  /** A key for everybody who has never had one. Who had one and lost it is told when they sign. */
  async makeMissing(db: Kysely<Database>): Promise<readonly UserKey[]> {
    const known = new Set((await listUserKeys(db)).map(({ username }) => username));
    const made: UserKey[] = [];
    for (const { username, active } of await listUsers(db)) {
      if (active && !known.has(username)) made.push(await this.make(db, username));
    }
    return made;
  }

  /** A file that holds no key is replaced as if none were there. */
  #idBefore(username: string): string | null {
    try {
      return this.keyId(username);
    } catch {
      return null;
    }
  }

  #read(username: string): string {
    const path = this.pathOf(username);
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const help = `make one with: ./corro keys new ${username}`;
      throw new CorroError('no_key', `${path} cannot be read; ${help}`, { cause: error });
    }
  }
}
