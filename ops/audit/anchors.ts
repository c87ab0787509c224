import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonical, GENESIS, sha256 } from './canonical.ts';
import type { Database } from './database.ts';
import type { Violation } from './finding.ts';

/** A signed head of one audit partition, kept where whoever rewrites the database cannot reach. */
export interface Anchor {
  /** Place in the file, from 1. */
  readonly n: number;
  /** SHA-256 of the line before; zeros for the first. */
  readonly prev: string;
  /** Wall clock. */
  readonly atMs: number;
  readonly partition: string;
  readonly seq: number;
  readonly hash: string;
  /** SHA-256 of the public key. */
  readonly key: string;
  /** Ed25519 over the canonical JSON of all the rest, base64. */
  readonly signature: string;
}

export const ANCHOR_FILE = 'anchors.jsonl';

/** Signs heads and appends them, each synced to the disk before anybody is told of it. */
export class AnchorWriter {
  readonly #file: FileHandle;
  readonly #key: KeyObject;
  readonly #keyId: string;
  readonly #newest = new Map<string, string>();
  #n: number;
  #prev: string;

  private constructor(file: FileHandle, key: KeyObject, lines: readonly string[]) {
    this.#file = file;
    this.#key = key;
    this.#keyId = keyIdOf(createPublicKey(key));
    this.#n = lines.length;
    const last = lines.at(-1);
    this.#prev = last === undefined ? GENESIS : sha256(last);
    for (const line of lines) {
      const { partition, hash } = readLine(line) ?? {};
      if (partition !== undefined && hash !== undefined) this.#newest.set(partition, hash);
    }
  }

  /** Goes on where the file ends. Half a line, of a process that died writing it, is cut off. */
  static async open(directory: string, keyPath: string): Promise<AnchorWriter> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, ANCHOR_FILE);
    const file = await open(path, 'a');
    const text = await readFile(path, 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    return new AnchorWriter(file, privateKeyAt(keyPath), whole.split('\n').filter(Boolean));
  }

  /** Anchors the heads that have moved since the last time; what was written, on the disk. */
  async append(
    heads: readonly Pick<Anchor, 'partition' | 'seq' | 'hash'>[],
    atMs: number,
  ): Promise<readonly Anchor[]> {
    const moved = heads.filter(({ partition, hash }) => this.#newest.get(partition) !== hash);
    if (moved.length === 0) return [];
    let [n, prev] = [this.#n, this.#prev];
    const anchors = moved.map(({ partition, seq, hash }) => {
      n += 1;
      const content = { n, prev, atMs, partition, seq, hash, key: this.#keyId };
      const signature = sign(null, Buffer.from(canonical(content)), this.#key).toString('base64');
      const anchor = { ...content, signature };
      prev = sha256(canonical(anchor));
      return anchor;
    });
    await this.#file.appendFile(anchors.map((anchor) => `${canonical(anchor)}\n`).join(''));
    await this.#file.sync();
    [this.#n, this.#prev] = [n, prev];
    for (const { partition, hash } of anchors) this.#newest.set(partition, hash);
    return anchors;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Reads the key, or makes it when there is none; the file is its owner's alone. */
function privateKeyAt(path: string): KeyObject {
  try {
    const { privateKey } = generateKeyPairSync('ed25519');
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return privateKey;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return createPrivateKey(readFileSync(path));
  }
}

/** The public half of a key file that holds either half. */
export function publicKeyAt(path: string): KeyObject {
  return createPublicKey(readFileSync(path));
}

/** The heads of every audit partition now. */
export async function headsOf(
  db: Database,
): Promise<readonly Pick<Anchor, 'partition' | 'seq' | 'hash'>[]> {
  const rows = await db.rows<{ partition: string; seq: string; hash: string }>(
    'select partition, seq, hash from audit_heads where seq > 0 order by partition',
  );
  return rows.map(({ partition, seq, hash }) => ({ partition, seq: Number(seq), hash }));
}

export interface AnchorReport {
  readonly anchors: number;
  readonly violations: readonly Violation[];
}

export interface AnchorWitness {
  readonly directory: string;
  readonly key: KeyObject;
  /** Anchors that somebody else kept (the ANCHOR stream): the file must have them too. */
  readonly published?: readonly unknown[];
}

/** The anchors as they are kept; nothing when none ever were. Read before the database, so that
 * every anchored record is in its snapshot. */
export async function readAnchorFile(directory: string): Promise<string> {
  return readFile(join(directory, ANCHOR_FILE), 'utf8').catch(() => '');
}

/** Holds the anchors to their signatures and to one another, and today's chains to the anchors:
 * each anchored head must still be the record at its place. */
export async function verifyAnchors(
  db: Database,
  given: AnchorWitness & { readonly text: string },
): Promise<AnchorReport> {
  const { text } = given;
  const violations: Violation[] = [];
  const violate = (id: string, fault: string): void => void violations.push({ id, text: fault });
  const lines = text.split('\n');
  if (lines.pop() !== '') violate(ANCHOR_FILE, 'its last line is cut short');
  const anchors: Anchor[] = [];
  let prev = GENESIS;
  for (const [at, line] of lines.entries()) {
    const anchor = readLine(line);
    const fault = anchor === null ? 'is no anchor' : faultOf(anchor, { at, prev, key: given.key });
    if (fault !== null) violate(`anchor ${at + 1}`, fault);
    if (anchor !== null && fault === null) anchors.push(anchor);
    prev = sha256(line);
  }
  const kept = new Set(anchors.map((anchor) => anchor.signature));
  for (const told of given.published ?? []) {
    const anchor = readLine(JSON.stringify(told) ?? '');
    if (anchor === null || !isGenuine(anchor, given.key)) violate('published', 'is no anchor');
    else if (!kept.has(anchor.signature)) {
      violate(`anchor ${anchor.n}`, `of ${anchor.partition} was published, the file lacks it`);
      anchors.push(anchor);
    }
  }
  for (const { id, text: fault } of await comparedWith(db, anchors)) violate(id, fault);
  return { anchors: anchors.length, violations };
}

/** Which anchors are no prefix of today's chains. */
export async function comparedWith(
  db: Database,
  anchors: readonly Pick<Anchor, 'n' | 'partition' | 'seq' | 'hash'>[],
): Promise<readonly Violation[]> {
  const wrong = await db.rows<{ n: number; partition: string; seq: string; found: string | null }>(
    `select t.n, t.partition, t.seq, a.hash as found
     from unnest($1::int[], $2::text[], $3::bigint[], $4::text[]) as t(n, partition, seq, hash)
     left join audit a on a.partition = t.partition and a.seq = t.seq
     where a.hash is distinct from t.hash order by t.n`,
    [
      anchors.map((anchor) => anchor.n),
      anchors.map((anchor) => anchor.partition),
      anchors.map((anchor) => anchor.seq),
      anchors.map((anchor) => anchor.hash),
    ],
  );
  return wrong.map(({ n, partition, seq, found }) => {
    const what = found === null ? 'is gone from' : 'was rewritten in';
    return { id: `anchor ${n}`, text: `record ${seq} ${what} the chain ${partition}` };
  });
}

/** The newest anchor of each partition, signatures unread: what a check each minute holds the
 * chains to. */
export async function newestAnchors(directory: string): Promise<readonly Anchor[]> {
  const text = await readAnchorFile(directory);
  const newest = new Map<string, Anchor>();
  for (const line of text.split('\n')) {
    const anchor = readLine(line);
    if (anchor !== null) newest.set(anchor.partition, anchor);
  }
  return [...newest.values()];
}

function faultOf(
  anchor: Anchor,
  given: { readonly at: number; readonly prev: string; readonly key: KeyObject },
): string | null {
  if (anchor.n !== given.at + 1) return `must be number ${given.at + 1}, is ${anchor.n}`;
  if (anchor.prev !== given.prev) return 'does not follow the line before';
  return isGenuine(anchor, given.key) ? null : 'is not signed by this home’s key';
}

function isGenuine({ signature, ...content }: Anchor, key: KeyObject): boolean {
  const bytes = Buffer.from(canonical(content));
  return verify(null, bytes, key, Buffer.from(signature, 'base64'));
}

function readLine(line: string): Anchor | null {
  try {
    const { n, prev, atMs, partition, seq, hash, key, signature } = JSON.parse(line) as Anchor;
    if (!Number.isSafeInteger(n) || !Number.isSafeInteger(seq)) return null;
    if (![prev, partition, hash, key, signature].every((text) => typeof text === 'string')) {
      return null;
    }
    return { n, prev, atMs, partition, seq, hash, key, signature };
  } catch {
    return null;
  }
}

function keyIdOf(key: KeyObject): string {
  return sha256(key.export({ type: 'spki', format: 'der' }).toString('base64'));
}
