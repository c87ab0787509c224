import { activeHalts, type Halt } from '../../adapters/store/halts.ts';
import type { Reader } from '../../adapters/store/store.ts';
import { printable } from './printable.ts';
import type { Screen } from './screen.ts';

/** `HALT close-only (drawdown-trader) for one user: …; lifts when …` */
export function haltLine({ name, level, userId, symbol, reason, liftsWhen }: Halt): string {
  const who = userId === null ? 'everybody' : 'one user';
  const what = symbol === null ? '' : `, ${symbol}`;
  const lift = `./corro halt lift ${name} --reason …`;
  return printable(
    `HALT ${level} (${name}) for ${who}${what}: ${reason}; lifts when: ${liftsWhen}; by: ${lift}`,
  );
}

/** Tells on a screen which halts hold, when that changes. */
export class HaltWatch {
  readonly #db: Reader;
  readonly #screen: Screen;
  #shown: readonly string[] = [];

  constructor(db: Reader, screen: Screen) {
    this.#db = db;
    this.#screen = screen;
  }

  async look(): Promise<void> {
    const halts = await activeHalts(this.#db);
    const fresh = halts.filter(({ id }) => !this.#shown.includes(id));
    for (const halt of fresh) this.#screen.emphasis(`  ${haltLine(halt)}`);
    const left = this.#shown.filter((id) => !halts.some((halt) => halt.id === id));
    if (left.length > 0) this.#screen.line(`  ${left.length} halts were lifted`);
    this.#shown = halts.map(({ id }) => id);
  }
}
