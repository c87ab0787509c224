/** Operational events as data, not log lines: who cares listens, tests count them. Listeners are
 * called in order of listening and must not throw; one that does is dropped. */
export class EventStream<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  /** Calls `listener` for every later event. Returns how to stop listening. */
  on(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        this.#listeners.delete(listener);
      }
    }
  }
}
