import type { Logger } from 'pino';
import type { Bus } from '../../adapters/bus/connect.ts';
import type { Finding } from '../../ops/audit/finding.ts';

export interface HaltAsking {
  readonly bus: Pick<Bus, 'connection'>;
  readonly subject: string;
  readonly log: Logger;
  readonly againMs?: number;
}

interface Asked {
  readonly request: Readonly<Record<string, string>>;
  placed: boolean;
}

const AGAIN_MS = 2_000;
const REPLY_MS = 5_000;
const MAX_WORDS = 900;

/** Asks for a halt of everything while an invariant is violated: again and again until it is
 * placed, and once more with every check that still finds the violation. Lifting it is a
 * person's. */
export class HaltAsker {
  readonly #given: HaltAsking;
  readonly #asked = new Map<string, Asked>();
  #timer: NodeJS.Timeout | null = null;
  #asking = false;

  constructor(given: HaltAsking) {
    this.#given = given;
  }

  /** What the newest check found to be violated; nothing: nothing more is asked. */
  stands(findings: readonly Finding[]): void {
    this.#asked.clear();
    for (const finding of findings) {
      const request = requestFor(finding);
      this.#asked.set(request['name'] ?? '', { request, placed: false });
    }
    void this.#askAll();
  }

  stop(): void {
    this.#asked.clear();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  facts(): Record<string, unknown> {
    return { haltsAwaited: this.#waiting().map(({ request }) => request['name']) };
  }

  #waiting(): readonly Asked[] {
    return [...this.#asked.values()].filter((asked) => !asked.placed);
  }

  async #askAll(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (const asked of this.#waiting()) await this.#ask(asked);
    } finally {
      this.#asking = false;
    }
    if (this.#waiting().length === 0 || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#askAll();
    }, this.#given.againMs ?? AGAIN_MS);
  }

  async #ask(asked: Asked): Promise<void> {
    const { bus, subject, log } = this.#given;
    const bytes = new TextEncoder().encode(JSON.stringify(asked.request));
    try {
      const reply = await bus.connection.request(subject, bytes, { timeout: REPLY_MS });
      const told = reply.json<{ readonly placed?: unknown; readonly refused?: string }>();
      asked.placed = told.placed !== undefined;
      if (asked.placed) log.warn({ halt: asked.request['name'] }, 'trading is halted');
      else log.error({ halt: asked.request['name'], refused: told.refused }, 'halt refused');
    } catch (error) {
      log.error({ err: error, halt: asked.request['name'] }, 'the halt is not placed yet');
    }
  }
}

/** Flat JSON, as `proto/halt.ts` reads it. */
function requestFor({ number, says, violations, shown }: Finding) {
  const first = shown.slice(0, 3).map(({ id, text }) => `${id.slice(0, 80)} ${text}`);
  const reason = `invariant ${number} (${says}) has ${violations} violations: ${first.join('; ')}`;
  return {
    name: `violation-${number}`,
    level: 'pause',
    reason: printable(reason),
    liftsWhen: `corro audit --invariant ${number} finds nothing and a person knows why it did`,
    placedBy: 'checker',
  };
}

/** Ids and texts come from rows that somebody may have doctored. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').slice(0, MAX_WORDS);
}
