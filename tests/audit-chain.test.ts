import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendAudits } from '../adapters/store/audit.ts';
import { transaction } from '../adapters/store/store.ts';
import { chainHash } from '../core/hash.ts';
import {
  ANCHOR_FILE,
  type Anchor,
  AnchorWriter,
  headsOf,
  publicKeyAt,
} from '../ops/audit/anchors.ts';
import { auditChains, type ChainAudit } from '../ops/audit/chain-report.ts';
import { openDatabase } from '../ops/audit/database.ts';
import { superuser } from './audit-floor.ts';
import { openTestDatabase, type TestDatabase } from './support/servers.ts';

/** Failure here means: whoever may do everything in the database can change what happened, and
 * nobody outside can tell. */

let database: TestDatabase;
let directory: string;
let keyPath: string;
let published: readonly Anchor[];

beforeEach(async () => {
  database = await openTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'corro-anchors-'));
  keyPath = join(directory, 'anchor.pem');
  published = [];
  await append('books-a', 5);
  await append('safety', 3);
  await anchor();
  await append('books-a', 5);
  await anchor();
});

afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  await database.drop();
});

async function append(partition: string, count: number): Promise<void> {
  const acts = Array.from({ length: count }, (_, at) => ({
    act: 'order-sent',
    reference: `order ${at}`,
    body: { quantity: '0.10', attempt: at },
  }));
  await transaction(database.db, (trx) => appendAudits(trx, partition, acts));
}

/** What the checker's process does each minute. */
async function anchor(): Promise<void> {
  const writer = await AnchorWriter.open(directory, keyPath);
  const db = await openDatabase(database.url, 1);
  try {
    published = [...published, ...(await writer.append(await headsOf(db), db.takenAtMs))];
  } finally {
    await db.close();
    await writer.close();
  }
}

function audited(): Promise<ChainAudit> {
  const key = publicKeyAt(keyPath);
  return auditChains(database.url, { directory, key, published });
}

function faults(report: ChainAudit): readonly string[] {
  const chains = report.partitions.filter((one) => one.fault !== null);
  return [
    ...chains.map(({ partition, fault }) => `${partition}: ${fault}`),
    ...(report.anchors?.violations ?? []).map(({ id, text }) => `${id}: ${text}`),
  ];
}

const file = (): string => join(directory, ANCHOR_FILE);
const lines = (): string[] => readFileSync(file(), 'utf8').trimEnd().split('\n');

function rewrite(kept: readonly string[]): void {
  writeFileSync(file(), kept.map((line) => `${line}\n`).join(''));
}

/** Changes one record and makes every hash after it right again, the head's too. */
async function forge(partition: string, at: number): Promise<void> {
  await superuser(
    database.url,
    `update audit set reference = 'forged' where partition = '${partition}' and seq = ${at}`,
  );
  const records = await database.db
    .selectFrom('audit')
    .select(['seq', 'act', 'reference', 'body', 'prev_hash'])
    .where('partition', '=', partition)
    .where('seq', '>=', String(at))
    .orderBy('seq')
    .execute();
  let previous = records[0]?.prev_hash ?? '';
  const statements = records.map(({ seq, act, reference, body }) => {
    const hash = chainHash(previous, { act, reference, body });
    const set = `prev_hash = '${previous}', hash = '${hash}'`;
    previous = hash;
    return `update audit set ${set} where partition = '${partition}' and seq = ${seq}`;
  });
  const head = `update audit_heads set hash = '${previous}' where partition = '${partition}'`;
  await superuser(database.url, [...statements, head].join(';'));
}

describe('audit chain, seen from outside', () => {
  test('what nobody touched - every chain is intact and every anchor a prefix', async () => {
    const report = await audited();
    expect(faults(report)).toEqual([]);
    expect(report.sound).toBe(true);
    expect(report.anchors?.anchors).toBe(3);
    expect(report.partitions).toMatchObject([
      { partition: 'books-a', length: 10 },
      { partition: 'safety', length: 3 },
    ]);
  });

  test('a head that has not moved - is not anchored again', async () => {
    await anchor();
    expect(lines()).toHaveLength(3);
    await append('safety', 1);
    await anchor();
    expect(lines()).toHaveLength(4);
    expect(faults(await audited())).toEqual([]);
  });

  test('a record changed - the chain itself shows it', async () => {
    await superuser(
      database.url,
      `update audit set act = 'x' where seq = 2 and partition = 'safety'`,
    );
    expect(faults(await audited())).toEqual(['safety: record 2 was changed']);
  });

  test('a record changed, every hash after it made right - only the anchors show it', async () => {
    await forge('books-a', 4);
    expect(faults(await audited())).toEqual([
      'anchor 1: record 5 was rewritten in the chain books-a',
      'anchor 3: record 10 was rewritten in the chain books-a',
    ]);
  });

  test('a whole partition taken away - the anchors miss it', async () => {
    await superuser(
      database.url,
      `delete from audit where partition = 'safety';
       delete from audit_heads where partition = 'safety'`,
    );
    expect(faults(await audited())).toEqual(['anchor 2: record 3 is gone from the chain safety']);
  });

  test('the newest records cut off, the head set back - the anchor misses them', async () => {
    await superuser(
      database.url,
      `delete from audit where partition = 'books-a' and seq > 7;
       update audit_heads set seq = 7, hash = (select hash from audit
         where partition = 'books-a' and seq = 7) where partition = 'books-a'`,
    );
    expect(faults(await audited())).toEqual(['anchor 3: record 10 is gone from the chain books-a']);
  });

  test('the records without their head, the head without its records', async () => {
    await superuser(database.url, `delete from audit_heads where partition = 'safety'`);
    expect(faults(await audited())).toEqual(['safety: has no head']);
    await superuser(database.url, `delete from audit where partition = 'books-a'`);
    expect(faults(await audited())[0]).toMatch(
      /^books-a: its head is 10 \w+, the last record is 0/,
    );
  });

  test('the anchor file cut short - the published anchors are missed', async () => {
    rewrite(lines().slice(0, 2));
    expect(faults(await audited())).toEqual([
      'anchor 3: of books-a was published, the file lacks it',
    ]);
  });

  test('the anchor file cut within a line', async () => {
    const text = readFileSync(file(), 'utf8');
    writeFileSync(file(), text.slice(0, -20));
    expect(faults(await audited())).toEqual([
      `${ANCHOR_FILE}: its last line is cut short`,
      'anchor 3: of books-a was published, the file lacks it',
    ]);
    // A process that died writing it goes on from the last whole line.
    await anchor();
    expect(lines()).toHaveLength(3);
  });

  test('an anchor edited - its signature does not fit, and the next does not follow', async () => {
    const [first = '', ...rest] = lines();
    rewrite([first.replace('"seq":5', '"seq":4'), ...rest]);
    expect(faults(await audited())).toEqual([
      'anchor 1: is not signed by this home’s key',
      'anchor 2: does not follow the line before',
      expect.stringMatching(/^anchor 1: of books-a was published/),
      expect.stringMatching(/^anchor 2: of safety was published/),
    ]);
  });

  test('an anchor taken out of the middle', async () => {
    const [first = '', , third = ''] = lines();
    rewrite([first, third]);
    const found = faults(await audited());
    expect(found).toContain('anchor 2: must be number 2, is 3');
    expect(found).toContain('anchor 2: of safety was published, the file lacks it');
  });

  test('anchors signed by another key - are nobody’s', async () => {
    const other = join(directory, 'other.pem');
    const elsewhere = mkdtempSync(join(tmpdir(), 'corro-anchors-'));
    const writer = await AnchorWriter.open(elsewhere, other);
    await writer.append([{ partition: 'safety', seq: 3, hash: 'a'.repeat(64) }], 1);
    await writer.close();
    const key = publicKeyAt(keyPath);
    const report = await auditChains(database.url, { directory: elsewhere, key });
    rmSync(elsewhere, { recursive: true });
    expect(faults(report)).toEqual(['anchor 1: is not signed by this home’s key']);
  });
});
