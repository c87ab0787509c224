import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import { type Envelope, rewrap, seal, unseal } from '../seal/envelope.ts';
import type { Masters } from '../seal/masters.ts';
import { appendAudit } from './audit.ts';
import { fromJson, toJson } from './json.ts';
import type { Database, Secrets } from './schema.ts';
import { type Reader, transaction, type Writer } from './store.ts';
import { UnknownError } from './unknown.ts';

/** Whose secret it is: a user's, or, with null, the whole ring's. */
export interface SecretName {
  readonly name: string;
  readonly userId: string | null;
}

/** What may be shown of a secret. */
export interface SecretRow extends SecretName {
  readonly username: string | null;
  /** From 1; a new value is a new version. */
  readonly version: number;
  /** Id of the master key it is sealed with. */
  readonly masterKey: string;
  /** Wall clock. */
  readonly recordedAt: Date;
}

/** Where secrets are audited: that they changed, never what they are. */
const PARTITION = 'configuration';
/** How often a reader looks again when the master key it was told of is gone: a rotation has
 * re-wrapped the row in between. */
const MOST_LOOKS = 10;

/** Seals a new version of a secret. The versions before it are removed with it: what was replaced
 * is revoked. */
export function setSecret(
  db: Kysely<Database>,
  masters: Masters,
  secret: SecretName & { readonly value: string },
): Promise<{ readonly version: number }> {
  const { name, userId, value } = secret;
  return transaction(db, async (trx) => {
    await lockSecrets(trx);
    const before = await newest(trx, secret);
    const place = { rowId: randomUUID(), version: (before?.version ?? 0) + 1 };
    const master = masters.current();
    await named(trx.deleteFrom('secrets'), secret).execute();
    await trx
      .insertInto('secrets')
      .values({
        id: place.rowId,
        user_id: userId,
        name,
        version: place.version,
        master_key: master.id,
        envelope: toJson(seal(value, place, master)),
      })
      .execute();
    const body = { name, userId, version: place.version, masterKey: master.id };
    await audit(trx, { act: 'secret-set', reference: name, body });
    return { version: place.version };
  });
}

/** The newest version of a secret, or null when there is none. A rotation that goes on meanwhile
 * does not disturb it. Throws SealError when it does not open. */
export async function readSecret(
  db: Reader,
  masters: Masters,
  secret: SecretName,
): Promise<string | null> {
  for (let look = 1; ; look += 1) {
    const row = await newest(db, secret);
    if (row === null) return null;
    if (!masters.has(row.master_key) && look < MOST_LOOKS) continue;
    const place = { rowId: row.id, version: row.version };
    try {
      return unseal(fromJson<Envelope>(row.envelope), place, masters.byId(row.master_key));
    } catch (error) {
      // The key may have gone between the look and the reading.
      if (masters.has(row.master_key) || look >= MOST_LOOKS) throw error;
    }
  }
}

/** Every secret's name and version, by name. */
export async function listSecrets(db: Reader): Promise<readonly SecretRow[]> {
  const rows = await db
    .selectFrom('secrets')
    .leftJoin('users', 'users.id', 'secrets.user_id')
    .select(['name', 'user_id', 'username', 'version', 'master_key', 'secrets.recorded_at'])
    .orderBy('name')
    .orderBy('username')
    .orderBy('version')
    .execute();
  return rows.map((row) => ({
    name: row.name,
    userId: row.user_id,
    username: row.username,
    version: row.version,
    masterKey: row.master_key,
    recordedAt: row.recorded_at,
  }));
}

/** Removes a secret and all it ever was. Throws UnknownError that names those there are. */
export function removeSecret(db: Kysely<Database>, secret: SecretName): Promise<void> {
  return transaction(db, async (trx) => {
    await lockSecrets(trx);
    const removed = await named(trx.deleteFrom('secrets'), secret).executeTakeFirst();
    if (removed.numDeletedRows === 0n) {
      const there = (await listSecrets(trx)).map(({ name }) => name);
      throw new UnknownError('secret', secret.name, there);
    }
    const { name, userId } = secret;
    await audit(trx, { act: 'secret-removed', reference: name, body: { name, userId } });
  });
}

/** Puts every secret under a new master key, in one transaction, and then removes the keys nothing
 * is sealed with any more. Readers go on all the time; an interrupted rotation leaves both keys,
 * and the next one clears up. */
export async function rotateSecrets(
  db: Kysely<Database>,
  masters: Masters,
): Promise<{ readonly masterKey: string; readonly rewrapped: number }> {
  const rotated = await transaction(db, async (trx) => {
    await lockSecrets(trx);
    const rows = await trx.selectFrom('secrets').selectAll().orderBy('id').execute();
    const to = masters.renew();
    for (const row of rows) {
      const from = masters.byId(row.master_key);
      const place = { rowId: row.id, version: row.version };
      const envelope = rewrap(fromJson<Envelope>(row.envelope), place, { from, to });
      await trx
        .updateTable('secrets')
        .set({ master_key: to.id, envelope: toJson(envelope) })
        .where('id', '=', row.id)
        .execute();
    }
    const body = { masterKey: to.id, secrets: rows.length };
    await audit(trx, { act: 'secrets-rotated', reference: to.id, body });
    return { masterKey: to.id, rewrapped: rows.length };
  });
  await removeUnused(db, masters);
  return rotated;
}

/** Under the lock nobody seals with a key that is about to go. */
function removeUnused(db: Kysely<Database>, masters: Masters): Promise<void> {
  return transaction(db, async (trx) => {
    await lockSecrets(trx);
    const rows = await trx.selectFrom('secrets').select('master_key').distinct().execute();
    const used = new Set([masters.current().id, ...rows.map((row) => row.master_key)]);
    for (const id of masters.list()) if (!used.has(id)) masters.remove(id);
  });
}

/** One writer at a time; readers are not held up. */
async function lockSecrets(trx: Writer): Promise<void> {
  await sql`lock table secrets in share row exclusive mode`.execute(trx);
}

async function newest(db: Reader, secret: SecretName): Promise<Selectable<Secrets> | null> {
  const row = await named(db.selectFrom('secrets').selectAll(), secret)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** `null` is a name of its own: the ring's. */
function named<Q extends { where(expression: ReturnType<typeof nameIs>): Q }>(
  query: Q,
  secret: SecretName,
): Q {
  return query.where(nameIs(secret));
}

function nameIs({ name, userId }: SecretName) {
  return sql<boolean>`name = ${name} and user_id is not distinct from ${userId}::uuid`;
}

function audit(
  trx: Writer,
  act: { readonly act: string; readonly reference: string; readonly body: unknown },
): Promise<unknown> {
  return appendAudit(trx, { partition: PARTITION, ...act });
}
