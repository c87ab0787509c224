import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import { type HaltRequest, readHaltReply, writeHaltRequest } from '../../proto/halt.ts';
import type { Wire } from '../../proto/subjects.ts';

const ANSWER_MS = 2_000;
const AGAIN_MS = 1_000;

/** Asks for halts, and goes on asking until somebody has placed them. */
export class Alarm {
  readonly #line: { readonly bus: Bus; readonly wire: Wire };
  readonly #log: Logger;
  readonly #ringing = new Set<string>();
  readonly #ended = new AbortController();

  constructor(line: { readonly bus: Bus; readonly wire: Wire }, log: Logger) {
    this.#line = line;
    this.#log = log;
  }

  get ringing(): readonly string[] {
    return [...this.#ringing];
  }

  /** A name that is being asked for already is not asked for twice. */
  ring(halt: HaltRequest): void {
    if (this.#ringing.has(halt.name) || this.#ended.signal.aborted) return;
    this.#ringing.add(halt.name);
    this.#log.error({ halt }, 'asking for a halt');
    void this.#ask(halt).finally(() => this.#ringing.delete(halt.name));
  }

  close(): void {
    this.#ended.abort();
  }

  async #ask(halt: HaltRequest): Promise<void> {
    const { bus, wire } = this.#line;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        const reply = await bus.link.guard(
          bus.connection.request(wire.haltRequest, writeHaltRequest(halt), { timeout: ANSWER_MS }),
        );
        const read = readHaltReply(reply.data);
        if ('placed' in read) return;
        this.#log.error({ halt: halt.name, why: read.refused }, 'a halt was refused');
      } catch (err) {
        this.#log.warn({ err, halt: halt.name }, 'nobody placed a halt yet');
      }
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
