import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { Kysely } from 'kysely';
import { signAnswer } from '../../adapters/seal/answer.ts';
import { generateKeys, keyIdOf, publicKeyOf } from '../../adapters/seal/signature.ts';
import type { Database } from '../../adapters/store/schema.ts';
import { addUserKey, listUserKeys, type UserKey } from '../../adapters/store/user-keys.ts';
import { findUser, listUsers } from '../../adapters/store/users.ts';
import { CorroError } from '../../proto/errors.ts';
import type { AnswerWish, EscalationInput, SignedAnswer } from '../../proto/escalation.ts';
import { homeAt, writeDurably } from '../stack/home.ts';

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
   * lay here before is revoked in the same act: nobody could sign with it any more. The new one is
   * on the disk, beside the old one, before the books know it: whoever is killed in between has a
   * key that stands, and the next command puts it in its place. */
  async make(db: Kysely<Database>, username: string): Promise<UserKey> {
    const path = this.pathOf(username);
    await findUser(db, username);
    const known = await listUserKeys(db, { username });
    this.#finish(username, known);
    const before = keyIdIn(path);
    const replaces = known.some(({ id }) => id === before) ? before : null;
    const { privatePem, publicKey } = generateKeys();
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeDurably(coming(path), privatePem, 0o600);
    const key = { username, publicKey, label: `made on ${hostname()}`, replaces };
    const stored = await addUserKey(db, key);
    // Written again and not moved: another command may have prepared its own key there meanwhile.
    writeDurably(path, privatePem, 0o600);
    rmSync(coming(path), { force: true });
    return stored;
  }

  /** A key for everybody who has never had one. Who had one and lost it is told when they sign. */
  async makeMissing(db: Kysely<Database>): Promise<readonly UserKey[]> {
    const keys = await listUserKeys(db);
    const known = new Set(keys.map(({ username }) => username));
    const made: UserKey[] = [];
    for (const { username, active } of await listUsers(db)) {
      this.#finish(username, keys);
      if (active && !known.has(username)) made.push(await this.make(db, username));
    }
    return made;
  }

  /** Ends what a killed `make` began: its key takes its place when the books know it. */
  #finish(username: string, keys: readonly UserKey[]): void {
    const path = this.pathOf(username);
    const next = coming(path);
    if (!existsSync(next)) return;
    const id = keyIdIn(next);
    if (keys.some((key) => key.id === id && key.revokedAt === null)) renameSync(next, path);
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

/** Where a key lies that the books do not know yet. */
function coming(path: string): string {
  return `${path}.new`;
}

/** Null for a file that is not there or holds no key: a new one may take its place. */
function keyIdIn(path: string): string | null {
  try {
    return keyIdOf(publicKeyOf(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}
