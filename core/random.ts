/** Seeded random numbers for everything synthetic: markets, faults, simulations. Never for ids,
 * keys or money. Only integer steps and the four operations are used, so a seed gives the same
 * numbers on every machine.
 *
 * xoshiro128** 1.1 (David Blackman, Sebastiano Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47, 2021; https://prng.di.unimi.it/xoshiro128starstar.c). Its four words
 * are filled from the seed by the output function of MurmurHash3 over a Weyl sequence. */
export class Random {
  readonly #words: Uint32Array;

  /** `seed`: any safe integer, or text, such as the name of one of several streams. */
  constructor(...seed: readonly (number | string)[]) {
    this.#words = wordsOf(seed);
  }

  /** The generator in the state of its reference implementation. */
  static of(words: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    random.#words.set(words);
    return random;
  }

  /** 0 … 2^32 - 1. */
  next(): number {
    // By index: taking a typed array apart as a tuple costs ten times as much.
    const words = this.#words;
    const a = words[0] as number;
    const b = words[1] as number;
    const c = words[2] as number;
    const d = words[3] as number;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const third = c ^ a;
    const fourth = d ^ b;
    words[1] = b ^ third;
    words[0] = a ^ fourth;
    words[2] = third ^ (b << 9);
    words[3] = rotate(fourth, 11);
    return result;
  }

  /** In [0, 1). */
  unit(): number {
    return this.next() / 4_294_967_296;
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** A whole number in [low, high], both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Mean 0, deviation 1: the sum of twelve uniform numbers less six (Irwin-Hall). It needs no
   * logarithm, whose last digit differs between machines; it is never beyond ±6. */
  normal(): number {
    let sum = -6;
    for (let count = 0; count < 12; count += 1) sum += this.unit();
    return sum;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.whole(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there must be something to pick from');
    return item;
  }

  /** The items in another order (Fisher-Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const rest = [...items];
    const mixed: T[] = [];
    while (rest.length > 0) mixed.push(...rest.splice(this.whole(0, rest.length - 1), 1));
    return mixed;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function wordsOf(seed: readonly (number | string)[]): Uint32Array {
  let state = 0x2545f491;
  const text = JSON.stringify(seed);
  for (let at = 0; at < text.length; at += 1) {
    state = mixed((state ^ text.charCodeAt(at)) + 0x9e3779b9);
  }
  const words = new Uint32Array(4);
  for (let at = 0; at < words.length; at += 1) {
    state = (state + 0x9e3779b9) | 0;
    words[at] = mixed(state);
  }
  // All zero is the one state that never moves.
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}

/** The finaliser of MurmurHash3 (Austin Appleby). */
function mixed(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
