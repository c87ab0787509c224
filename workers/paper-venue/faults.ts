import type { VenueEvent } from './events.ts';
import {
  type FaultName,
  type FaultRule,
  type FaultScript,
  isReplyFault,
  NO_FAULTS,
  type Occasion,
  occasionsOf,
} from './fault-script.ts';

/** A rule that fired: what happens now, and what is written about it once it did. */
export interface Fired {
  readonly fault: FaultName;
  readonly rule: number;
  /** Which occasion of its rule this was, from 1. */
  readonly nth: number;
  readonly on: Occasion;
  readonly account: string | null;
  readonly parameters: FaultRule['parameters'];
}

export interface Moment {
  readonly on: Occasion;
  readonly account: string | null;
  readonly marketMs: number | null;
}

export interface FaultReport {
  readonly script: FaultScript;
  readonly rules: readonly { readonly occasions: number; readonly fired: number }[];
}

interface Count {
  occasions: number;
  fired: number;
}

/** In-flight requests that arrive this soon after a 429 could not know of it. */
const GRACE_MS = 500;

/** The lies of the venue: which rule fires when, and what is hidden from whom until when. The
 * venue's own orders, trades and money are never touched: it is the second witness. */
export class Faults {
  #script: FaultScript = NO_FAULTS;
  #counts: Count[] = [];
  readonly #hiddenOrders = new Map<number, number>();
  readonly #hiddenTrades = new Map<string, number>();
  #stop: { readonly by: Fired; readonly fromMs: number; readonly untilMs: number } | null = null;

  get active(): boolean {
    return this.#script.rules.length > 0;
  }

  /** Follows a new script. */
  apply(event: VenueEvent): void {
    if (event.type === 'faults') {
      this.#script = event.script;
      this.#counts = event.script.rules.map(() => ({ occasions: 0, fired: 0 }));
      this.#hiddenOrders.clear();
      this.#hiddenTrades.clear();
      this.#stop = null;
    }
  }

  /** Counts a line of the log that was written before a restart. */
  recount(event: VenueEvent): void {
    if (event.type !== 'fault' || event.nth === 0) return;
    const count = this.#counts[event.rule];
    if (!count) return;
    count.occasions = Math.max(count.occasions, event.nth);
    count.fired += 1;
  }

  report(): FaultReport {
    return { script: this.#script, rules: this.#counts.map((count) => ({ ...count })) };
  }

  /** The rules that fire now, in their order. Whoever acts on one says so with `fault` lines. */
  fire(moment: Moment): readonly Fired[] {
    let isReplyTaken = false;
    return this.#script.rules.flatMap((rule, index) => {
      const count = this.#counts[index];
      if (!count || !concerns(rule, moment)) return [];
      count.occasions += 1;
      const nth = count.occasions;
      if (count.fired >= (rule.count ?? Number.POSITIVE_INFINITY)) return [];
      if (!isDue(rule, { nth, drawn: chance(this.#script.seed, index, nth) })) return [];
      if (isReplyFault(rule.fault)) {
        if (isReplyTaken) return [];
        isReplyTaken = true;
      }
      count.fired += 1;
      const { fault, parameters } = rule;
      return [{ fault, rule: index, nth, on: moment.on, account: moment.account, parameters }];
    });
  }

  hideOrder(orderId: number, forMs: number): void {
    this.#hiddenOrders.set(orderId, Date.now() + forMs);
  }

  hideTrade(symbol: string, tradeId: number, forMs: number): void {
    this.#hiddenTrades.set(`${symbol} ${tradeId}`, Date.now() + forMs);
  }

  hidesOrder(orderId: number): boolean {
    return hidden(this.#hiddenOrders, orderId);
  }

  hidesTrade(symbol: string, tradeId: number): boolean {
    return hidden(this.#hiddenTrades, `${symbol} ${tradeId}`);
  }

  stop(by: Fired): void {
    const fromMs = Date.now();
    this.#stop = { by, fromMs, untilMs: fromMs + by.parameters.seconds * 1_000 };
  }

  /** The stop that holds now; `ignored`: the request could have known of it. */
  stopped(): { readonly by: Fired; readonly leftMs: number; readonly ignored: boolean } | null {
    const now = Date.now();
    if (!this.#stop || now >= this.#stop.untilMs) return null;
    const { by, fromMs, untilMs } = this.#stop;
    return { by, leftMs: untilMs - now, ignored: now - fromMs > GRACE_MS };
  }
}

function concerns(rule: FaultRule, { on, account, marketMs }: Moment): boolean {
  if (rule.on === 'any' ? !occasionsOf(rule.fault).includes(on) : rule.on !== on) return false;
  if (rule.account !== undefined && rule.account !== account) return false;
  if (!rule.between) return true;
  const now = rule.between.clock === 'wall' ? Date.now() : marketMs;
  return now !== null && now >= rule.between.fromMs && now < rule.between.untilMs;
}

function isDue(
  { probability, everyNth, atNth }: FaultRule,
  { nth, drawn }: { readonly nth: number; readonly drawn: number },
): boolean {
  if (probability !== undefined) return drawn < probability;
  if (everyNth !== undefined) return nth % everyNth === 0;
  return atNth === undefined || nth === atNth;
}

/** A number in 0 … 1 that depends on nothing but its arguments, so that a restart in the middle of
 * a script changes nothing: MurmurHash3's 32-bit mix and finaliser, by Austin Appleby, public
 * domain (https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp). */
export function chance(seed: number, rule: number, nth: number): number {
  let hash = seed;
  for (const block of [rule, nth]) {
    const mixed = Math.imul(rotated(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
    hash = (Math.imul(rotated(hash ^ mixed, 13), 5) + 0xe6546b64) | 0;
  }
  hash ^= 8;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** Forgets what is no longer hidden as it is asked about. */
function hidden<K>(until: Map<K, number>, key: K): boolean {
  const untilMs = until.get(key);
  if (untilMs === undefined) return false;
  if (Date.now() < untilMs) return true;
  until.delete(key);
  return false;
}
