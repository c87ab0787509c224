import type { Logger } from 'pino';

/** Furthest that our clock may be from the venue's, and that it may jump between two looks. */
const MOST_AWAY_MS = 500;
const LOOK_MS = 1_000;
/** A venue whose time could not be read for this long is not one to send orders to. */
const STALE_MS = 30_000;

export interface ClockSources {
  /** The venue's time. May throw. */
  readonly venue: () => Promise<number>;
  readonly wall?: () => number;
  /** A clock that nobody can set. */
  readonly steady?: () => number;
}

/** How far our wall clock is from the venue's. Signatures and their validity go by the wall clock:
 * while it is more than 500 ms away, or has just jumped, no new order is signed. */
export class Clock {
  readonly #sources: Required<ClockSources>;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | null = null;
  /** Ours when it was measured, and by how much the venue's was surely ahead or behind. */
  #last: { readonly wallMs: number; readonly steadyMs: number; readonly awayMs: number } | null =
    null;

  constructor(sources: ClockSources, log: Logger) {
    this.#sources = { wall: Date.now, steady: () => performance.now(), ...sources };
    this.#log = log;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Why no order may be signed now, or `null`. The first asker waits for the first look. */
  async forbids(): Promise<string | null> {
    if (this.#last === null || this.#hasJumped()) await this.look();
    return this.#verdict();
  }

  #verdict(): string | null {
    if (this.#last === null) return "the venue's clock could not be read";
    const ageMs = this.#sources.steady() - this.#last.steadyMs;
    if (ageMs > STALE_MS) return `the venue's clock was not read for ${Math.round(ageMs)} ms`;
    if (this.#hasJumped()) return 'our clock has jumped since it was compared';
    const { awayMs } = this.#last;
    if (Math.abs(awayMs) <= MOST_AWAY_MS) return null;
    return `our clock must be within ${MOST_AWAY_MS} ms of the venue's, was ${awayMs} away`;
  }

  facts(): { readonly clockAwayMs: number | null; readonly clockStops: string | null } {
    return { clockAwayMs: this.#last?.awayMs ?? null, clockStops: this.#verdict() };
  }

  /** Compares the clocks once; several callers share one look. */
  look(): Promise<void> {
    this.#looking ??= this.#compare().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #compare(): Promise<void> {
    const { venue, wall, steady } = this.#sources;
    const wallMs = wall();
    const steadyMs = steady();
    try {
      const venueMs = await venue();
      const roundMs = steady() - steadyMs;
      // The venue read its clock at some moment of the round trip: only what no such moment
      // explains is a difference.
      const apart = venueMs - (wallMs + roundMs / 2);
      const surely = Math.sign(apart) * Math.max(0, Math.abs(apart) - roundMs / 2);
      this.#last = { wallMs, steadyMs, awayMs: Math.round(surely) + 0 };
    } catch (err) {
      this.#log.warn({ err }, "the venue's clock could not be read");
    }
  }

  #hasJumped(): boolean {
    if (this.#last === null) return false;
    const { wall, steady } = this.#sources;
    const expected = this.#last.wallMs + (steady() - this.#last.steadyMs);
    return Math.abs(wall() - expected) > MOST_AWAY_MS;
  }
}
