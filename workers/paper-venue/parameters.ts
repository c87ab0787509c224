import { type Amount, amount } from '../../core/venue/decimals.ts';
import { Refusal } from '../../core/venue/errors.ts';

const DECIMAL = '^([0-9]{1,20})(\\.[0-9]{1,20})?$';
const INTEGER = '^[0-9]{1,20}$';
const MOST = 40;

/** One request's parameters. A getter marks its parameter as read; `finish` refuses the rest, so
 * that a misspelt parameter is an answer and never an order with a default in its place. */
export class Parameters {
  readonly #values = new Map<string, string>();
  readonly #read = new Set<string>();

  /** From `a=1&b=2`: the query string and the body together. Throws `Refusal`. */
  constructor(raw: string) {
    const pairs = [...new URLSearchParams(raw)];
    if (pairs.length > MOST) throw new Refusal('tooManyParameters');
    for (const [name, value] of pairs) {
      if (this.#values.has(name)) throw new Refusal('duplicateParameter', name.slice(0, 40));
      this.#values.set(name, value);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  optional(name: string, pattern?: string): string | undefined {
    this.#read.add(name);
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (value === '') throw new Refusal('emptyParameter', name);
    if (pattern && !new RegExp(pattern).test(value)) {
      throw new Refusal('illegalCharacters', name, pattern);
    }
    return value;
  }

  text(name: string, pattern?: string): string {
    const value = this.optional(name, pattern);
    if (value === undefined) throw new Refusal('missingParameter', name);
    return value;
  }

  optionalInteger(name: string): number | undefined {
    const value = this.optional(name, INTEGER);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new Refusal('parameterData', name);
    return number;
  }

  integer(name: string): number {
    const value = this.optionalInteger(name);
    if (value === undefined) throw new Refusal('missingParameter', name);
    return value;
  }

  /** Plain digits above zero: no sign, no exponent, at most 20 before and 20 after the point. */
  optionalDecimal(name: string): Amount | undefined {
    const value = this.optional(name, DECIMAL);
    return value === undefined ? undefined : amount(value);
  }

  /** An integer within 1 … `most`; `fallback` when not sent. */
  limit(most: number, fallback: number): number {
    const value = this.optionalInteger('limit') ?? fallback;
    if (value < 1) throw new Refusal('parameterData', 'limit');
    return Math.min(value, most);
  }

  /** Throws `Refusal` (-1104) when something was sent that nobody asked for. */
  finish(): void {
    const read = [...this.#values.keys()].filter((name) => this.#read.has(name)).length;
    if (read === this.#values.size) return;
    throw new Refusal('unreadParameters', String(read), String(this.#values.size));
  }
}
