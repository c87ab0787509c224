import { isSymbol } from '../market/instrument.ts';
import { positive } from '../market/money.ts';
import { CAUSES, type OrderInput, PURPOSES } from './leg.ts';

/** A leg that nobody could have asked for: its message names the field, what it must be and what it
 * was. Nothing is sent for it, and repeating it is of no use. */
export class MalformedLeg extends Error {
  override readonly name = 'MalformedLeg';
  readonly field: string;
  constructor(field: string, expected: string, found: unknown) {
    const shown = JSON.stringify(found) ?? String(found);
    super(`${field} must be ${expected}, was ${shown.slice(0, 60)}`);
    this.field = field;
  }
}

const HASH = { pattern: /^[0-9a-f]{64}$/, says: '64 hex digits' };
const USER = { pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, says: 'a user id' };
const VENUE = { pattern: /^[a-z0-9]{1,20}$/, says: 'the name of a venue' };
const MAX_LEG = 1_000_000;

/** Checks every field of a leg before anything is read or written for it. Legs come from our own
 * workflows, but a workflow can be started by whoever reaches Temporal. */
export function checkLeg(leg: Omit<OrderInput, 'namespace' | 'approvedBy'>): void {
  matches('legId', leg.legId, HASH);
  oneOf('cause.kind', leg.cause?.kind, CAUSES);
  matches('cause.id', leg.cause?.id, HASH);
  whole('leg', leg.leg, [0, MAX_LEG]);
  oneOf('purpose', leg.purpose, PURPOSES);
  matches('userId', leg.userId, USER);
  matches('venue', leg.venue, VENUE);
  if (typeof leg.symbol !== 'string' || !isSymbol(leg.symbol)) {
    throw new MalformedLeg('symbol', 'BASE/QUOTE, like BTC/USDT', leg.symbol);
  }
  oneOf('side', leg.side, ['BUY', 'SELL']);
  whole('closeTimeMs', leg.closeTimeMs, [0, Number.MAX_SAFE_INTEGER]);
  whole('confidenceBp', leg.confidenceBp, [0, 10_000]);
  amount('referencePrice', leg.referencePrice);
  for (const field of ['requestedQuantity', 'stopPrice', 'estimatedPrice'] as const) {
    if (leg[field] !== undefined) amount(field, leg[field]);
  }
}

interface Rule {
  readonly pattern: RegExp;
  readonly says: string;
}

function matches(field: string, value: unknown, rule: Rule): void {
  if (typeof value !== 'string' || !rule.pattern.test(value)) {
    throw new MalformedLeg(field, rule.says, value);
  }
}

function oneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.some((one) => one === value)) {
    throw new MalformedLeg(field, `one of ${allowed.join(', ')}`, value);
  }
}

function whole(field: string, value: unknown, [low, high]: readonly [number, number]): void {
  if (!Number.isInteger(value) || Number(value) < low || Number(value) > high) {
    throw new MalformedLeg(field, `a whole number from ${low} to ${high}`, value);
  }
}

function amount(field: string, value: unknown): void {
  const expected = 'a positive decimal of at most 20 digits and 18 decimals';
  if (typeof value !== 'string') throw new MalformedLeg(field, expected, value);
  try {
    positive(value, field);
  } catch {
    throw new MalformedLeg(field, expected, value);
  }
}
