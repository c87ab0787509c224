import { newestAnchors } from './anchors.ts';
import {
  BOUNDS,
  type Bounds,
  type Context,
  emptyMemory,
  type Invariant,
  type Memory,
} from './context.ts';
import { type Database, openDatabase } from './database.ts';
import { type Finding, Tally } from './finding.ts';
import { INVARIANTS } from './invariants.ts';
import { readOurs } from './ours.ts';
import { Records } from './records.ts';
import { VenueBooks } from './venue-books.ts';
import type { LogSource } from './venue-lines.ts';

export interface AuditOptions {
  readonly postgresUrl: string;
  /** The other witness; null: none can be asked. */
  readonly log: LogSource | null;
  /** Where anchors are kept; null: nowhere. */
  readonly anchorDirectory?: string | null;
  /** Numbers of invariants; empty: all. */
  readonly only?: readonly number[];
  readonly bounds?: Partial<Bounds>;
  readonly settled?: boolean;
  readonly connections?: number;
  readonly onProgress?: (done: number, of: number, says: string) => void;
}

export interface AuditReport {
  readonly sound: boolean;
  readonly violations: number;
  readonly findings: readonly Finding[];
  /** Wall clock of the database's snapshot, Unix milliseconds. */
  readonly takenAtMs: number;
  /** Lines of the venue's log: before the snapshot, and in all. */
  readonly venueLines: { readonly before: number; readonly after: number } | null;
  readonly rows: { readonly database: number; readonly venue: number };
  readonly ms: number;
}

/** Checks the invariants again and again over the same books; what was proved once is not proved
 * again, until `forget`, or until a violation was found. */
export class Auditor {
  readonly #options: AuditOptions;
  #memory = emptyMemory();
  #books = new VenueBooks();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** The next check proves everything from the beginning. */
  forget(): void {
    this.#memory = emptyMemory();
    this.#books = new VenueBooks();
  }

  /** One check. The venue's log is read before our books and once more after them: what it said
   * before must be in our books, what our books say must be in it afterwards, and nothing that
   * happens in between can look like a violation. Throws when a witness cannot be asked. */
  async run(): Promise<AuditReport> {
    const startedAt = performance.now();
    const { postgresUrl, log, connections } = this.#options;
    const venue = log === null ? null : this.#books;
    await this.#readOn();
    this.#books.before = this.#books.lines;
    const directory = this.#options.anchorDirectory ?? null;
    const anchors = directory === null ? [] : await newestAnchors(directory);
    const db = await openDatabase(postgresUrl, connections);
    try {
      const ours = await readOurs(db);
      await this.#readOn();
      const findings = await this.#judge({
        db,
        venue,
        ours,
        anchors,
        bounds: { ...BOUNDS, ...this.#options.bounds },
        settled: this.#options.settled ?? false,
        memory: this.#memory,
        records: once(() => readRecords(db, this.#memory)),
      });
      const sum = (of: (finding: Finding) => number): number =>
        findings.reduce((total, finding) => total + of(finding), 0);
      const violations = sum((finding) => finding.violations);
      if (violations > 0) this.#memory = emptyMemory();
      return {
        sound: violations === 0,
        violations,
        findings,
        takenAtMs: db.takenAtMs,
        venueLines: venue && { before: venue.before, after: venue.lines },
        rows: {
          database: sum((finding) => finding.seen.database),
          venue: sum((finding) => finding.seen.venue),
        },
        ms: performance.now() - startedAt,
      };
    } finally {
      await db.close();
    }
  }

  async #readOn(): Promise<void> {
    const { log } = this.#options;
    await log?.read(this.#books.lines + 1, (line) => this.#books.take(line));
  }

  /** Two at a time: while the database works for one, this process works for another. */
  async #judge(context: Context): Promise<readonly Finding[]> {
    const { only = [], onProgress } = this.#options;
    const chosen = INVARIANTS.filter(({ number }) => only.length === 0 || only.includes(number));
    const findings: Finding[] = [];
    const waiting = [...chosen];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        findings.push(await judgeOne(next, context));
        onProgress?.(findings.length, chosen.length, next.says);
      }
    };
    await Promise.all([work(), work()]);
    return findings.sort((a, b) => a.number - b.number);
  }
}

/** One check of everything, from the beginning. */
export function audit(options: AuditOptions): Promise<AuditReport> {
  return new Auditor(options).run();
}

/** Whatever was wrong, or could not be read: the next check reads every record again. */
async function readRecords(db: Database, memory: Memory): Promise<Records> {
  const { records } = memory;
  memory.records = new Records();
  if (await records.read(db)) memory.records = records;
  return records;
}

function once<T>(act: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= act();
    return made;
  };
}

async function judgeOne(invariant: Invariant, context: Context): Promise<Finding> {
  const startedAt = performance.now();
  const tally = new Tally();
  await invariant.check?.(context, tally);
  const { number, says, unchecked } = invariant;
  return {
    number,
    says,
    seen: { database: tally.database, venue: tally.venue },
    inFlight: tally.inFlight,
    violations: tally.count,
    shown: tally.shown,
    unchecked,
    ms: performance.now() - startedAt,
  };
}
