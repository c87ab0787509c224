import type { Screen } from '../cli/screen.ts';

const WIDTH = 24;
/** More often than this no eye can follow. */
const LEAST_MS = 100;

/** A bar with the time that is left, on the line that is written over; nothing where lines cannot
 * be. What was found instead of done (`skipped`) says nothing about the pace. */
export class Progress {
  readonly #screen: Pick<Screen, 'status'>;
  readonly #what: string;
  readonly #total: number;
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #skipped: number;
  #shownMs = Number.NEGATIVE_INFINITY;

  constructor(
    screen: Pick<Screen, 'status'>,
    options: {
      readonly what: string;
      readonly total: number;
      readonly skipped?: number;
      readonly now?: () => number;
    },
  ) {
    this.#screen = screen;
    this.#what = options.what;
    this.#total = options.total;
    this.#skipped = options.skipped ?? 0;
    this.#now = options.now ?? (() => performance.now());
    this.#startedMs = this.#now();
  }

  /** `done`: of `total`, what was skipped included. */
  show(done: number): void {
    const now = this.#now();
    if (now - this.#shownMs < LEAST_MS && done < this.#total) return;
    this.#shownMs = now;
    this.#screen.status(this.#text(done, now));
  }

  #text(done: number, now: number): string {
    const share = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
    const filled = Math.round(share * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    const made = done - this.#skipped;
    const left = this.#total - done;
    const leftMs = made > 0 ? ((now - this.#startedMs) / made) * left : null;
    const eta = leftMs === null || left === 0 ? '' : `, ${durationText(leftMs)} left`;
    return `${this.#what}  ${bar} ${percent}  ${done} of ${this.#total}${eta}`;
  }
}

/** `1 h 02 m`, `3 m 20 s`, `12 s`. */
export function durationText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
}
