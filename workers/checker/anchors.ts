import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import { type Anchor, AnchorWriter, headsOf } from '../../ops/audit/anchors.ts';
import { openDatabase } from '../../ops/audit/database.ts';
import type { Wire } from '../../proto/subjects.ts';

export interface AnchorKeeping {
  readonly directory: string;
  readonly keyPath: string;
  readonly postgresUrl: string;
  readonly bus: Bus;
  readonly names: Wire;
  readonly log: Logger;
}

/** Keeps the signed heads of the audit in a file outside and in the ANCHOR stream. */
export class AnchorKeeper {
  readonly #given: AnchorKeeping;
  readonly #writer: AnchorWriter;
  #unpublished: Anchor[] = [];

  private constructor(given: AnchorKeeping, writer: AnchorWriter) {
    this.#given = given;
    this.#writer = writer;
  }

  static async open(given: AnchorKeeping): Promise<AnchorKeeper> {
    return new AnchorKeeper(given, await AnchorWriter.open(given.directory, given.keyPath));
  }

  /** Anchors what has moved: the file first, then the stream, which is told again until it has
   * it. */
  async keep(): Promise<void> {
    const { postgresUrl, bus, names, log } = this.#given;
    const db = await openDatabase(postgresUrl, 1);
    try {
      this.#unpublished.push(...(await this.#writer.append(await headsOf(db), db.takenAtMs)));
    } finally {
      await db.close();
    }
    while (this.#unpublished.length > 0) {
      const [anchor] = this.#unpublished;
      if (anchor === undefined) return;
      const bytes = new TextEncoder().encode(JSON.stringify(anchor));
      try {
        const msgID = anchor.signature.slice(0, 40);
        await bus.jetstream.publish(names.anchor(anchor.partition), bytes, { msgID });
      } catch (error) {
        log.warn({ err: error, waiting: this.#unpublished.length }, 'anchors are not published');
        return;
      }
      this.#unpublished = this.#unpublished.slice(1);
    }
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
