import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { CorroError } from '../../proto/errors.ts';
import type { Database } from './schema.ts';
import { UnknownError } from './unknown.ts';

/** What bytes are kept by their hash, because they are too large for a message. */
export type BlobKind = 'matrix' | 'model' | 'validation';

export interface Blob {
  readonly kind: BlobKind;
  /** 1 byte to 512 MB. */
  readonly bytes: Uint8Array;
}

/** Keeps bytes under the sha256 of them, which it returns; the same bytes again change nothing.
 * Throws `bad_model` when what is kept under that hash is not these bytes. */
export async function putBlob(db: Kysely<Database>, { kind, bytes }: Blob): Promise<string> {
  const hash = createHash('sha256').update(bytes).digest('hex');
  // Asked first: bytes that are there need not travel again.
  if ((await kindOf(db, hash)) === null) {
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    await db
      .insertInto('blobs')
      .values({ hash, kind, bytes: content })
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .execute();
  }
  await expectBlob(db, { hash, kind });
  return hash;
}

/** The bytes of a hash, hashed again: what was exchanged in the database is not served. Throws
 * UnknownError when there is nothing of that hash, `bad_model` when it is not what was kept. */
export async function readBlob(db: Kysely<Database>, hash: string): Promise<Uint8Array> {
  const row = await db
    .selectFrom('blobs')
    .select('bytes')
    .where('hash', '=', hash)
    .executeTakeFirst();
  if (row === undefined) throw await unknownBlob(db, hash);
  const found = createHash('sha256').update(row.bytes).digest('hex');
  if (found === hash) return row.bytes;
  throw exchanged(hash, found);
}

/** Makes sure, within the database, that a hash has bytes of that kind which are its own. Throws as
 * `readBlob` does. */
export async function expectBlob(
  db: Kysely<Database>,
  { hash, kind }: { readonly hash: string; readonly kind: BlobKind },
): Promise<void> {
  const row = await db
    .selectFrom('blobs')
    .select(['kind', sql<string>`encode(sha256(bytes), 'hex')`.as('found')])
    .where('hash', '=', hash)
    .executeTakeFirst();
  if (row === undefined) throw await unknownBlob(db, hash);
  if (row.found !== hash) throw exchanged(hash, row.found);
  if (row.kind === kind) return;
  throw new CorroError('bad_model', `${hash} must be kept as a ${kind}, was as a ${row.kind}`);
}

async function kindOf(db: Kysely<Database>, hash: string): Promise<string | null> {
  const row = await db
    .selectFrom('blobs')
    .select('kind')
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row?.kind ?? null;
}

function exchanged(hash: string, found: string): CorroError {
  const detail = `the bytes kept under ${hash} have sha256 ${found}: they were exchanged`;
  return new CorroError('bad_model', detail);
}

const MOST_NAMED = 5;

async function unknownBlob(db: Kysely<Database>, hash: string): Promise<UnknownError> {
  const rows = await db
    .selectFrom('blobs')
    .select('hash')
    .orderBy('recorded_at', 'desc')
    .limit(MOST_NAMED)
    .execute();
  return new UnknownError(
    'content',
    hash,
    rows.map((row) => row.hash),
  );
}
