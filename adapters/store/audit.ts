import { type Kysely, sql } from 'kysely';
import { CHAIN_GENESIS, chainHash } from '../../core/hash.ts';
import { type JsonValue, toJson } from './json.ts';
import type { Database } from './schema.ts';
import type { Writer } from './store.ts';

/** Something that happened and must be answerable for. */
export interface Act {
  /** What it was: `order-sent`, `config-set`… */
  readonly act: string;
  /** The id of what it is about. */
  readonly reference: string;
  /** The facts. Numbers are whole; money and every other fraction is a decimal string. No wall
   * clock and no random id where a chain must come out the same in another run. */
  readonly body: unknown;
}

/** Where an act stands in its partition's chain. */
export interface Link {
  /** From 1, without a gap. */
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
}

export interface ChainHead {
  /** How many records the chain has. */
  readonly length: number;
  readonly hash: string;
}

/** Appends acts to a partition's hash chain, in the order given, within the caller's transaction.
 *
 * The head row stays locked until that transaction ends, so appends to one partition queue up and
 * the chain has no gap and no fork. A caller that writes to several partitions takes them in
 * alphabetical order, or two such callers deadlock (and one of them is run again). */
export async function appendAudits(
  trx: Writer,
  partition: string,
  acts: readonly Act[],
): Promise<readonly Link[]> {
  if (acts.length === 0) return [];
  const head = await lockHead(trx, partition);
  const records = acts.map(({ act, reference, body }) => ({ act, reference, body: plain(body) }));
  const links = chain(head, records);
  const last = links.at(-1) as Link;
  await trx
    .insertInto('audit')
    .values(
      links.map((link, index) => {
        const { act, reference, body } = records[index] as (typeof records)[number];
        const { seq, prevHash, hash } = link;
        return { partition, seq, act, reference, body: toJson(body), prev_hash: prevHash, hash };
      }),
    )
    .execute();
  await trx
    .updateTable('audit_heads')
    .set({ seq: last.seq, hash: last.hash })
    .where('partition', '=', partition)
    .execute();
  return links;
}

/** `appendAudits` for one act. */
export async function appendAudit(
  trx: Writer,
  { partition, ...act }: Act & { readonly partition: string },
): Promise<Link> {
  const [link] = await appendAudits(trx, partition, [act]);
  return link as Link;
}

/** The newest link of a partition's chain; length 0 and the genesis hash before the first act. */
export async function auditHead(db: Kysely<Database>, partition: string): Promise<ChainHead> {
  const head = await db
    .selectFrom('audit_heads')
    .select(['seq', 'hash'])
    .where('partition', '=', partition)
    .executeTakeFirst();
  return { length: Number(head?.seq ?? 0), hash: head?.hash ?? CHAIN_GENESIS };
}

export type ChainReport =
  | { readonly intact: true; readonly length: number; readonly hash: string }
  | {
      readonly intact: false;
      /** The first record that is wrong. */
      readonly seq: number;
      readonly fault: 'missing' | 'relinked' | 'changed' | 'head';
      readonly expected: string;
      readonly found: string;
    };

const PAGE = 2_000;

/** Recomputes a partition's whole chain and compares it with what is stored, record by record, as
 * of one instant. `missing`: a seq is not there; `relinked`: a record does not follow its
 * predecessor; `changed`: its content does not give its hash; `head`: the head row is not the last
 * record. */
export function verifyChain(db: Kysely<Database>, partition: string): Promise<ChainReport> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      let head: ChainHead = { length: 0, hash: CHAIN_GENESIS };
      for (;;) {
        const rows = await trx
          .selectFrom('audit')
          .select(['seq', 'act', 'reference', 'body', 'prev_hash', 'hash'])
          .where('partition', '=', partition)
          .where('seq', '>', String(head.length))
          .orderBy('seq')
          .limit(PAGE)
          .execute();
        for (const row of rows) {
          const fault = faultOf(head, row);
          if (fault) return fault;
          head = { length: head.length + 1, hash: row.hash };
        }
        if (rows.length < PAGE) break;
      }
      return compareHead(head, await auditHead(trx, partition));
    });
}

interface StoredRecord {
  readonly seq: string;
  readonly act: string;
  readonly reference: string;
  readonly body: JsonValue;
  readonly prev_hash: string;
  readonly hash: string;
}

function faultOf(before: ChainHead, row: StoredRecord): ChainReport | null {
  const seq = before.length + 1;
  const report = (fault: 'missing' | 'relinked' | 'changed', expected: string, found: string) =>
    ({ intact: false, seq, fault, expected, found }) as const;
  if (row.seq !== String(seq)) return report('missing', String(seq), row.seq);
  if (row.prev_hash !== before.hash) return report('relinked', before.hash, row.prev_hash);
  const { act, reference, body } = row;
  const hash = chainHash(before.hash, { act, reference, body });
  return hash === row.hash ? null : report('changed', hash, row.hash);
}

function compareHead(computed: ChainHead, stored: ChainHead): ChainReport {
  if (computed.length === stored.length && computed.hash === stored.hash) {
    return { intact: true, ...stored };
  }
  return {
    intact: false,
    seq: computed.length,
    fault: 'head',
    expected: `${computed.length} ${computed.hash}`,
    found: `${stored.length} ${stored.hash}`,
  };
}

/** Takes a partition for this transaction alone: nobody else appends to it before the end. */
async function lockHead(trx: Writer, partition: string): Promise<ChainHead> {
  const head = await trx
    .insertInto('audit_heads')
    .values({ partition, seq: 0, hash: CHAIN_GENESIS })
    .onConflict((conflict) =>
      conflict.column('partition').doUpdateSet({ partition: sql`excluded.partition` }),
    )
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow();
  return { length: Number(head.seq), hash: head.hash };
}

function chain(head: ChainHead, records: readonly unknown[]): readonly Link[] {
  let prevHash = head.hash;
  return records.map((record, index) => {
    const link = { seq: head.length + index + 1, prevHash, hash: chainHash(prevHash, record) };
    prevHash = link.hash;
    return link;
  });
}

/** The body as it will be read back. Refuses fractions, because money is never a float. */
function plain(body: unknown): JsonValue {
  return JSON.parse(toJson(body), (key, value: unknown) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new TypeError(`${key || 'body'} must be a whole number or a string, was ${value}`);
    }
    return value;
  }) as JsonValue;
}
