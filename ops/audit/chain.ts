import { digest, GENESIS, link } from './canonical.ts';
import type { Database } from './database.ts';

/** One partition's chain, recomputed record by record. */
export interface ChainReport {
  readonly partition: string;
  /** Records in it. */
  readonly length: number;
  readonly hash: string;
  /** The first thing that is wrong; null: intact. */
  readonly fault: string | null;
}

interface Proved {
  readonly seq: number;
  readonly hash: string;
}

/** One record, as whoever wants to look at each is given it: partition by partition, in order. */
export interface AuditRecord {
  readonly seq: string;
  readonly act: string;
  readonly reference: string;
  readonly body: unknown;
  /** Wall clock, Unix milliseconds. */
  readonly ms: number;
}

interface Stored extends AuditRecord {
  readonly prev_hash: string;
  readonly hash: string;
}

type Take = (partition: string, record: AuditRecord) => void;

/** Recomputes every partition's chain and compares it with its head. What `proved` holds was
 * recomputed before: the record there must still be the same, and only what follows is new. `take`
 * is given every record that is read, whatever is wrong with the chain. */
export async function verifyChains(
  db: Database,
  proved: ReadonlyMap<string, Proved> = new Map(),
  take: Take = () => undefined,
): Promise<readonly ChainReport[]> {
  const heads = await db.rows<{ partition: string; seq: string | null; hash: string | null }>(
    `select partition, h.seq, h.hash from audit_heads h
     full join (select distinct partition from audit) a using (partition) order by partition`,
  );
  const known = new Set(heads.map(({ partition }) => partition));
  const reports: ChainReport[] = [];
  for (const { partition, seq, hash } of heads) {
    const head = seq === null || hash === null ? null : { seq: Number(seq), hash };
    const from = proved.get(partition) ?? null;
    reports.push(await verifyChain(db, partition, { head, from, take }));
  }
  for (const [partition, { seq, hash }] of proved) {
    if (known.has(partition)) continue;
    const fault = `had ${seq} records and is gone`;
    reports.push({ partition, length: 0, hash, fault });
  }
  return reports;
}

async function verifyChain(
  db: Database,
  partition: string,
  given: { readonly head: Proved | null; readonly from: Proved | null; readonly take: Take },
): Promise<ChainReport> {
  const { head, from, take } = given;
  let at: Proved = { seq: 0, hash: GENESIS };
  let fault: string | null = null;
  if (from !== null && from.seq > 0) {
    const [row] = await db.rows<{ hash: string }>(
      'select hash from audit where partition = $1 and seq = $2',
      [partition, from.seq],
    );
    if (row?.hash !== from.hash) {
      const found = row === undefined ? 'gone' : 'another';
      fault = `record ${from.seq} is ${found} since it was last read`;
    }
    at = from;
  }
  await db.stream<Stored>(
    `select seq, act, reference, body, prev_hash, hash, recorded_at as ms from audit
     where partition = $1 and seq > $2 order by seq`,
    [partition, at.seq],
    (rows) => {
      for (const row of rows) {
        take(partition, row);
        if (fault !== null) continue;
        fault = faultOf(at, row);
        at = { seq: Number(row.seq), hash: row.hash };
      }
    },
  );
  if (fault === null && head === null) fault = 'has no head';
  if (fault === null && head !== null && (head.seq !== at.seq || head.hash !== at.hash)) {
    fault = `its head is ${head.seq} ${head.hash.slice(0, 12)}, the last record is ${at.seq}`;
  }
  return { partition, length: at.seq, hash: at.hash, fault };
}

function faultOf(before: Proved, row: Stored): string | null {
  if (Number(row.seq) !== before.seq + 1) return `record ${before.seq + 1} is missing`;
  if (row.prev_hash !== before.hash) return `record ${row.seq} does not follow the one before`;
  const { act, reference, body } = row;
  const hash = link(before.hash, digest({ act, reference, body }));
  return hash === row.hash ? null : `record ${row.seq} was changed`;
}
