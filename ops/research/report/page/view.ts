/** The stretch of time that all charts show together. */
export class View {
  readonly #whole: readonly [number, number];
  readonly #leastMs: number;
  readonly #listeners: (() => void)[] = [];
  fromMs: number;
  toMs: number;

  /** `leastMs`: no closer than this. */
  constructor(whole: readonly [number, number], leastMs: number) {
    this.#whole = whole;
    this.#leastMs = Math.min(leastMs, whole[1] - whole[0]);
    [this.fromMs, this.toMs] = whole;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get isWhole(): boolean {
    return this.fromMs === this.#whole[0] && this.toMs === this.#whole[1];
  }

  /** Shows a stretch, moved and widened as far as there is something to show. */
  show(fromMs: number, toMs: number): void {
    const [first, last] = this.#whole;
    const length = Math.min(last - first, Math.max(this.#leastMs, toMs - fromMs));
    const middle = (fromMs + toMs) / 2;
    this.fromMs = Math.min(last - length, Math.max(first, middle - length / 2));
    this.toMs = this.fromMs + length;
    for (const listener of this.#listeners) listener();
  }

  /** `factor` below 1 comes closer, around `aroundMs`. */
  zoom(factor: number, aroundMs = (this.fromMs + this.toMs) / 2): void {
    this.show(
      aroundMs - (aroundMs - this.fromMs) * factor,
      aroundMs + (this.toMs - aroundMs) * factor,
    );
  }

  /** By a fraction of what is shown; positive is later. */
  pan(fraction: number): void {
    const byMs = (this.toMs - this.fromMs) * fraction;
    this.show(this.fromMs + byMs, this.toMs + byMs);
  }

  showAll(): void {
    this.show(...(this.#whole as [number, number]));
  }
}
