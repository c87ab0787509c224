import { z } from 'zod';
import { isSymbol } from '../core/market/instrument.ts';
import { HALT_NAME, type HaltLevel } from '../core/risk/halt.ts';
import { WireError } from './errors.ts';

/** Requests to place a halt, on `wire.haltRequest`: flat JSON, so that a program that shares no
 * code with the ring can ask too. A halt can be placed here and never lifted. */

/** Levels that may be asked for. What cancels and sells is for a person at the command line: a
 * forged request may at worst stop trading. */
export const REQUESTED_LEVELS = ['pause', 'close-only'] as const satisfies readonly HaltLevel[];

/** Longest request and reply. */
export const MAX_HALT_BYTES = 4_096;
const MAX_WORDS = 1_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** A terminal that shows a halt must not obey it. */
// oxlint-disable-next-line no-control-regex -- they are what is refused
const PRINTABLE = /^[^\u0000-\u001f\u007f-\u009f]+$/;

const words = z.string().max(MAX_WORDS).regex(PRINTABLE);
const REQUEST = z.strictObject({
  name: z.string().regex(HALT_NAME),
  level: z.enum(REQUESTED_LEVELS),
  /** User id; left out: everybody. */
  userId: z.string().regex(UUID).optional(),
  /** Left out: every symbol. */
  symbol: z.string().refine(isSymbol).optional(),
  reason: words,
  liftsWhen: words,
  /** The process that asks. */
  placedBy: z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/),
});
export type HaltRequest = z.infer<typeof REQUEST>;

const REPLY = z.union([
  z.strictObject({ placed: z.strictObject({ id: z.string(), name: z.string() }) }),
  z.strictObject({ refused: z.string() }),
]);
/** The halt of that name that holds now, or why nothing was placed. */
export type HaltReply = z.infer<typeof REPLY>;

/** Throws `WireError`: too large, no JSON, a key twice, an unknown key, a value out of bounds. */
export function readHaltRequest(bytes: Uint8Array): HaltRequest {
  const value = flatJson(bytes);
  const read = REQUEST.safeParse(value);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw new WireError('wire_unknown_field', 'halt');
  const field = issue?.path.join('.') || 'halt';
  throw new WireError('wire_value', field, 'as docs/limits.md says');
}

export function writeHaltRequest(request: HaltRequest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(request));
}

export function writeHaltReply(reply: HaltReply): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(reply));
}

/** Throws `WireError` on anything that is no reply. */
export function readHaltReply(bytes: Uint8Array): HaltReply {
  const read = REPLY.safeParse(json(bytes));
  if (read.success) return read.data;
  throw new WireError('wire_value', 'reply', 'placed or refused');
}

function json(bytes: Uint8Array): unknown {
  return parse(text(bytes));
}

/** An object whose every key is there once: two readers must not see two requests. */
function flatJson(bytes: Uint8Array): unknown {
  const written = text(bytes);
  const value = parse(written);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WireError('wire_malformed', 'halt');
  }
  if (Object.values(value).some((item) => typeof item !== 'string')) {
    throw new WireError('wire_value', 'halt', 'an object of strings');
  }
  // Strings are matched whole, one after the other, so a quote within one starts no other.
  const strings = written.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  if (strings.length !== 2 * Object.keys(value).length)
    throw new WireError('wire_malformed', 'halt');
  return value;
}

function text(bytes: Uint8Array): string {
  if (bytes.length > MAX_HALT_BYTES) throw new WireError('wire_too_large', 'halt');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new WireError('wire_malformed', 'halt');
  }
}

function parse(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    throw new WireError('wire_malformed', 'halt');
  }
}
