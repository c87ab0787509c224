import type { HttpAnswer } from '../../adapters/venue/exchange.ts';

/** What a request is for: cancels and questions about orders may use the reserve, the rest may not.
 */
export type Purpose = 'protective' | 'ordinary';

const MINUTE_MS = 60_000;
const RESERVE = 0.2;
const BANNED = new Set([418, 429]);
const STOP_SECONDS = 60;

/** The one rate budget towards a venue. The venue's own count, in the headers of its answers, is
 * the truth; between answers our own sum stands in for it. After a 429 or 418 nothing leaves until
 * the time the venue named has passed. */
export class RateBudget {
  readonly #limit: number;
  readonly #now: () => number;
  #isBlind: boolean;
  #minute = 0;
  #used = 0;
  #stoppedUntilMs = 0;

  /** `isBlind`: what an earlier process has used this minute is not known yet; until an answer
   * tells, only a request of weight 1 may be sent to find out. */
  constructor(
    limitPerMinute: number,
    { now = Date.now, isBlind = false }: { now?: () => number; isBlind?: boolean } = {},
  ) {
    this.#limit = limitPerMinute;
    this.#now = now;
    this.#isBlind = isBlind;
  }

  /** Takes `weight` for one request; false when it must not be sent now. */
  take(weight: number, purpose: Purpose): boolean {
    this.#roll();
    if (this.#now() < this.#stoppedUntilMs) return false;
    if (this.#isBlind && weight > 1) return false;
    const most = purpose === 'protective' ? this.#limit : this.#limit * (1 - RESERVE);
    if (this.#used + weight > most) return false;
    this.#used += weight;
    return true;
  }

  /** Learns from an answer: the weight used so far this minute, and any order to stop. */
  observe(answer: HttpAnswer): void {
    this.#roll();
    const used = Number(header(answer, 'x-mbx-used-weight-1m'));
    if (Number.isFinite(used)) {
      this.#used = Math.max(this.#used, used);
      this.#isBlind = false;
    }
    if (!BANNED.has(answer.status)) return;
    const seconds = Number(header(answer, 'retry-after'));
    const wait = Number.isFinite(seconds) && seconds > 0 ? seconds : STOP_SECONDS;
    this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, this.#now() + wait * 1_000);
  }

  facts(): { readonly usedWeight: number; readonly limit: number; readonly stopped: boolean } {
    this.#roll();
    return {
      usedWeight: this.#used,
      limit: this.#limit,
      stopped: this.#now() < this.#stoppedUntilMs,
    };
  }

  #roll(): void {
    const minute = Math.floor(this.#now() / MINUTE_MS);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#used = 0;
  }
}

function header({ headers }: HttpAnswer, name: string): unknown {
  const found = Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name);
  return found?.[1];
}
