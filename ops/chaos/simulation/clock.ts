/** Virtual time: things happen in the order of their moments, and waiting costs nothing. */
export class VirtualClock {
  #nowMs = 0;
  #serial = 0;
  /** A binary heap, earliest first; of two at one moment the one that was asked for first. */
  readonly #heap: Due[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void): void {
    this.#serial += 1;
    const due = { atMs: this.#nowMs + Math.max(0, delayMs), serial: this.#serial, act };
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!earlier(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  /** Lets time pass until nothing is left to happen. Throws when there is no end in sight. */
  run(mostEvents = 100_000): void {
    for (let events = 0; this.#heap.length > 0; events += 1) {
      if (events >= mostEvents) throw new Error(`no end after ${mostEvents} events`);
      const due = this.#next();
      this.#nowMs = due.atMs;
      due.act();
    }
  }

  #next(): Due {
    const heap = this.#heap;
    const first = heap[0] as Due;
    const last = heap.pop() as Due;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && earlier(right, heap[child] as Due)) child += 1;
      if (!earlier(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

interface Due {
  readonly atMs: number;
  readonly serial: number;
  readonly act: () => void;
}

function earlier(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.serial < other.serial);
}

/** What a program waits for: some milliseconds, or the end of another. */
export type Wait = number | Ending<unknown>;
export type Program<T> = Generator<Wait, T, void>;

/** How a program ended, once it has. */
export class Ending<T> {
  #value: T | undefined;
  #settled = false;
  readonly #waiting: (() => void)[] = [];

  get settled(): boolean {
    return this.#settled;
  }

  /** Undefined until it is settled. */
  get value(): T | undefined {
    return this.#value;
  }

  settle(value: T): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#value = value;
    for (const act of this.#waiting.splice(0)) act();
  }

  whenSettled(act: () => void): void {
    if (this.#settled) act();
    else this.#waiting.push(act);
  }
}

/** What befalls a process before its next step: nothing, an end without a word, or a sleep. */
export type Mishap = 'none' | 'killed' | { readonly frozenMs: number };

/** Runs a program as a process of its own. Before each step `mishap` is asked; a killed process
 * takes no further step and settles nothing. */
export function spawn<T>(
  clock: VirtualClock,
  program: Program<T>,
  mishap: () => Mishap = () => 'none',
): Ending<T> {
  const ending = new Ending<T>();
  const go = (): void => {
    const { done, value } = program.next();
    if (done === true) return ending.settle(value);
    if (typeof value === 'number') clock.after(value, step);
    else value.whenSettled(() => clock.after(0, step));
  };
  const step = (): void => {
    const what = mishap();
    if (what === 'killed') return;
    if (what === 'none') go();
    else clock.after(what.frozenMs, go);
  };
  clock.after(0, step);
  return ending;
}

/** Waits for an ending, but no longer than so long; undefined when it did not come. */
export function* within<T>(
  clock: VirtualClock,
  ending: Ending<T>,
  limitMs: number,
): Program<T | undefined> {
  const first = new Ending<null>();
  ending.whenSettled(() => first.settle(null));
  clock.after(limitMs, () => first.settle(null));
  yield first;
  return ending.value;
}
