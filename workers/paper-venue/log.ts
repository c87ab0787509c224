import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VenueEvent } from './events.ts';

/** A line of the log: `n` counts from 1 without a gap, `wallMs` is the wall clock. */
export type LogLine = VenueEvent & { readonly n: number; readonly wallMs: number };

export interface LogReport {
  readonly lines: number;
  /** Bytes of a torn last line that were cut off; 0 when the log ended well. */
  readonly tornBytes: number;
}

const NEWLINE = 0x0a;
/** The place of every such line is remembered, so that reading from one costs no whole log. */
const MARK_EVERY = 1_024;

/** The venue's own append-only record (JSON lines). Nothing is answered before `durable()`: one
 * fsync carries everything appended while the one before it ran. */
export class VenueLog {
  readonly path: string;
  readonly report: LogReport;
  readonly #file: FileHandle;
  readonly #marks: Marks;
  #lines: number;
  /** Bytes handed to the file, and those of them that are safe on the disk. */
  #bytes: number;
  #safeBytes: number;
  #pending: string[] = [];
  #flushing: Promise<void> | null = null;
  #broken: Error | null = null;

  private constructor(path: string, file: FileHandle, read: ReadReport) {
    this.path = path;
    this.#file = file;
    this.report = { lines: read.lines, tornBytes: read.tornBytes };
    this.#lines = read.lines;
    this.#bytes = read.bytes;
    this.#safeBytes = read.bytes;
    this.#marks = read.marks;
  }

  /** Opens (or makes) `venue.jsonl` in `directory` and hands every whole line to `replay`, oldest
   * first. A torn last line is cut off. Throws, with the line's number, when any other line is not
   * readable. */
  static async open(directory: string, replay: (line: LogLine) => void): Promise<VenueLog> {
    await mkdir(directory, { recursive: true });
    const path = join(directory, 'venue.jsonl');
    const file = await open(path, 'a');
    try {
      const read = await readLines(path, replay);
      const { size } = await stat(path);
      if (size > read.bytes) await file.truncate(read.bytes);
      return new VenueLog(path, file, { ...read, tornBytes: size - read.bytes });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get lines(): number {
    return this.#lines;
  }

  /** Adds a line; it is safe once `durable()` resolves. Throws when an earlier write failed. */
  append(event: VenueEvent): void {
    if (this.#broken) throw this.#broken;
    this.#lines += 1;
    const line = { n: this.#lines, wallMs: Date.now(), ...event };
    const text = `${JSON.stringify(line)}\n`;
    mark(this.#marks, this.#lines, this.#bytes);
    this.#bytes += Buffer.byteLength(text);
    this.#pending.push(text);
  }

  /** The log as JSON lines from line `from` on, up to what is safe on the disk now: never half a
   * line. */
  async *read(from: number): AsyncGenerator<Buffer> {
    const end = this.#safeBytes - 1;
    const skip = Math.floor((from - 1) / MARK_EVERY);
    const start = this.#marks[skip];
    if (start === undefined || start > end) return;
    let ahead = from - 1 - skip * MARK_EVERY;
    for await (const chunk of createReadStream(this.path, { start, end })) {
      let rest = chunk as Buffer;
      for (; ahead > 0 && rest.length > 0; ) {
        const newline = rest.indexOf(NEWLINE);
        if (newline >= 0) ahead -= 1;
        rest = newline < 0 ? rest.subarray(rest.length) : rest.subarray(newline + 1);
      }
      if (rest.length > 0) yield rest;
    }
  }

  /** Resolves when every line appended so far is on the disk. Rejects for ever after a failed
   * write. */
  async durable(): Promise<void> {
    while (this.#pending.length > 0 || this.#flushing) {
      if (this.#broken) throw this.#broken;
      this.#flushing ??= this.#flush();
      await this.#flushing;
    }
    if (this.#broken) throw this.#broken;
  }

  async close(): Promise<void> {
    await this.durable();
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const lines = this.#pending;
    const upTo = this.#bytes;
    this.#pending = [];
    try {
      await this.#file.appendFile(lines.join(''));
      await this.#file.datasync();
      this.#safeBytes = upTo;
    } catch (error) {
      this.#broken = new Error(`cannot write ${this.path}`, { cause: error });
    } finally {
      this.#flushing = null;
    }
  }
}

/** Where line 1 starts, and every 1,024th after it. */
type Marks = number[];

function mark(marks: Marks, line: number, startsAt: number): void {
  if ((line - 1) % MARK_EVERY === 0) marks.push(startsAt);
}

interface ReadReport extends LogReport {
  readonly bytes: number;
  readonly marks: Marks;
}

/** Reads whole lines only; returns how many there are and where the last one ends. */
async function readLines(
  path: string,
  replay: (line: LogLine) => void,
): Promise<{ lines: number; bytes: number; marks: Marks }> {
  const marks: Marks = [];
  let rest = Buffer.alloc(0);
  let lines = 0;
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const data = Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, from)) {
      lines += 1;
      mark(marks, lines, bytes + from);
      replay(parseLine(data.toString('utf8', from, end), lines, path));
      from = end + 1;
    }
    bytes += from;
    rest = data.subarray(from);
  }
  return { lines, bytes, marks };
}

function parseLine(text: string, number: number, path: string): LogLine {
  try {
    const line = JSON.parse(text) as LogLine;
    if (line.n === number) return line;
    throw new Error(`line number must be ${number}, was ${line.n}`);
  } catch (error) {
    throw new Error(`${path}:${number} is damaged`, { cause: error });
  }
}
