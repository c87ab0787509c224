import type { Kysely, Selectable } from 'kysely';
import { keyIdOf } from '../seal/signature.ts';
import { appendAudit } from './audit.ts';
import type { Database, UserKeys } from './schema.ts';
import { type Reader, transaction, type Writer } from './store.ts';
import { UnknownError } from './unknown.ts';
import { findUser } from './users.ts';

/** The public half of a key a person answers with. */
export interface UserKey {
  readonly id: string;
  readonly userId: string;
  readonly username: string;
  /** Base64 of the SPKI DER bytes. */
  readonly publicKey: string;
  /** Where its private half was made. */
  readonly label: string;
  /** Wall clock. */
  readonly recordedAt: Date;
  readonly revokedAt: Date | null;
}

/** Where keys are audited: with everything else a person configures. */
const PARTITION = 'configuration';

export interface NewUserKey {
  readonly username: string;
  readonly publicKey: string;
  readonly label: string;
  /** A key that this one takes the place of, revoked in the same act; null: none. */
  readonly replaces: string | null;
}

/** Records a user's public key. Repeating it changes nothing; a key is one user's for ever. Throws
 * UnknownError for a user that is not there. */
export function addUserKey(db: Kysely<Database>, key: NewUserKey): Promise<UserKey> {
  const id = keyIdOf(key.publicKey);
  return transaction(db, async (trx) => {
    const user = await findUser(trx, key.username);
    const inserted = await trx
      .insertInto('user_keys')
      .values({ id, user_id: user.id, public_key: key.publicKey, label: key.label })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted) {
      const body = { username: key.username, label: key.label, publicKey: key.publicKey };
      await appendAudit(trx, { partition: PARTITION, act: 'key-added', reference: id, body });
    }
    if (key.replaces !== null && key.replaces !== id) await revoke(trx, key.replaces);
    const stored = await findUserKey(trx, id);
    if (stored?.userId === user.id) return stored;
    throw new Error(`key ${id} must be ${key.username}'s, was ${stored?.username}'s`);
  });
}

/** Ends a key for ever: what is signed with it from now on is refused. `revoked` is false when it
 * was revoked before. Throws UnknownError for a key that is not there. */
export function revokeUserKey(
  db: Kysely<Database>,
  id: string,
): Promise<{ readonly revoked: boolean; readonly key: UserKey }> {
  return transaction(db, async (trx) => {
    const revoked = await revoke(trx, id);
    const key = await findUserKey(trx, id);
    if (key) return { revoked, key };
    throw new UnknownError(
      'key',
      id,
      (await listUserKeys(trx)).map((one) => one.id),
    );
  });
}

async function revoke(trx: Writer, id: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('user_keys')
    .set(({ fn }) => ({ revoked_at: fn<Date>('now') }))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  const act = { partition: PARTITION, act: 'key-revoked', reference: id, body: { id } };
  await appendAudit(trx, act);
  return true;
}

export async function findUserKey(db: Reader, id: string): Promise<UserKey | null> {
  const row = await keysQuery(db).where('user_keys.id', '=', id).executeTakeFirst();
  return row === undefined ? null : keyOf(row);
}

/** By user, oldest first; revoked ones too. */
export async function listUserKeys(
  db: Reader,
  { username }: { readonly username?: string } = {},
): Promise<readonly UserKey[]> {
  const rows = await keysQuery(db)
    .$if(username !== undefined, (query) => query.where('username', '=', username ?? ''))
    .orderBy('username')
    .orderBy('user_keys.recorded_at')
    .orderBy('user_keys.id')
    .execute();
  return rows.map(keyOf);
}

function keysQuery(db: Reader) {
  return db
    .selectFrom('user_keys')
    .innerJoin('users', 'users.id', 'user_keys.user_id')
    .selectAll('user_keys')
    .select('username');
}

function keyOf(row: Selectable<UserKeys> & { readonly username: string }): UserKey {
  return {
    id: row.id,
    userId: row.user_id,
    username: row.username,
    publicKey: row.public_key,
    label: row.label,
    recordedAt: row.recorded_at,
    revokedAt: row.revoked_at,
  };
}
