import { Mailbox } from './mailbox.ts';

/** What an actor does with one letter. Its private state lives inside; a new one starts afresh. */
export interface Behaviour<Letter> {
  receive(letter: Letter): Promise<void>;
}

export interface CellOptions<Letter> {
  readonly capacity: number;
  /** Makes the actor, or makes it anew after it threw, was put to sleep or lost its place. */
  readonly create: () => Behaviour<Letter>;
  readonly done: (letter: Letter) => void;
  /** The supervisor: how many milliseconds until the next try, or `null` to give the letter up (the
   * supervisor then sees to it). `tries` counts those made here, from 1. */
  readonly failed: (letter: Letter, error: unknown, tries: number) => number | null;
}

/** One actor: a mailbox, and whatever it takes to handle one letter at a time. Different actors run
 * concurrently; one never does. A throw costs the actor its state, not the host its life. */
export class Cell<Letter> {
  readonly #options: CellOptions<Letter>;
  readonly #mailbox: Mailbox<Letter>;
  #behaviour: Behaviour<Letter> | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;
  #activeAt = performance.now();

  constructor(options: CellOptions<Letter>) {
    this.#options = options;
    this.#mailbox = new Mailbox(options.capacity);
  }

  get busy(): boolean {
    return this.#running !== null;
  }

  get idleMs(): number {
    return this.busy ? 0 : performance.now() - this.#activeAt;
  }

  post(letter: Letter): void {
    this.#mailbox.put(letter);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#activeAt = performance.now();
    });
  }

  /** Drops the state: the next letter meets a new actor. The one being handled is not disturbed. */
  forget(): void {
    this.#behaviour = null;
  }

  /** Finishes the letter in hand and returns those that were still waiting. */
  async stop(): Promise<readonly Letter[]> {
    this.#stopped = true;
    const waiting = this.#mailbox.clear();
    await this.#running;
    return waiting;
  }

  async #run(): Promise<void> {
    for (let letter = this.#mailbox.take(); letter; letter = this.#mailbox.take()) {
      await this.#handle(letter);
    }
  }

  async #handle(letter: Letter): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      this.#behaviour ??= this.#options.create();
      const behaviour = this.#behaviour;
      try {
        await behaviour.receive(letter);
        return this.#options.done(letter);
      } catch (error) {
        if (this.#behaviour === behaviour) this.#behaviour = null;
        const pauseMs = this.#options.failed(letter, error, tries);
        if (pauseMs === null || this.#stopped) return;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }
}
