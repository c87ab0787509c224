import type { Role } from './assistants/role.ts';
import type { Trigger } from './assistants/snapshot.ts';
import type { Action, Kind } from './assistants/speech.ts';
import { hashOf } from './hash.ts';
import type { Timeframe } from './market/candle.ts';

/** Ids are SHA-256 of the canonical JSON of their recorded inputs (SAFETY §2), 64 lower-case hex:
 * the same inputs give the same id on every machine and in every attempt, so a repeat is found by
 * its id, and an id can be re-derived by whoever holds the inputs. The first field names the kind
 * of id, so that ids of two kinds never meet. Workflows receive ids; they do not import this
 * file. */

export interface EventInputs {
  readonly venue: string;
  readonly symbol: string;
  /** Why the question is put: two triggers at one close are two events. */
  readonly kind: Trigger;
  readonly timeframe: Timeframe;
  readonly closeTimeMs: number;
  readonly detectorVersion: number;
}

/** One motion's event: a closed candle that needs a debate. */
export function eventId(inputs: EventInputs): string {
  const { venue, symbol, kind, timeframe, closeTimeMs, detectorVersion } = inputs;
  return idOf('event', { venue, symbol, kind, timeframe, closeTimeMs, detectorVersion });
}

export interface MessageInputs {
  readonly debateId: string;
  readonly eventId: string;
  readonly round: number;
  readonly kind: Kind;
  readonly from: string;
  readonly to: Role;
  readonly snapshotHash: string;
  /** Ids of the messages whose answers the mail shows, in the order shown. */
  readonly heard: readonly string[];
  readonly weightsVersion: number;
  /** Digest of the model that will speak; null: the pure mind. */
  readonly modelDigest: string | null;
}

/** One mail to one assistant: asking again with the same inputs is the same mail. */
export function messageId(inputs: MessageInputs): string {
  const { debateId, eventId: event, round, kind, from, to } = inputs;
  const { snapshotHash, heard, weightsVersion, modelDigest } = inputs;
  const address = { debateId, eventId: event, round, kind, from, to };
  return idOf('message', { ...address, snapshotHash, heard, weightsVersion, modelDigest });
}

export interface DecisionInputs {
  readonly eventId: string;
  readonly username: string;
}

/** What was decided for one user about one event; there is exactly one. */
export function decisionId({ eventId: event, username }: DecisionInputs): string {
  return idOf('decision', { eventId: event, username });
}

export interface PlanInputs {
  readonly kind: 'guard' | 'hedge' | 'rebalance' | 'flatten';
  readonly username: string;
  readonly venue: string;
  /** What asked for it: an entry's leg id, a halt's id, a week. */
  readonly reference: string;
}

/** A plan of legs that no decision asked for. */
export function planId({ kind, username, venue, reference }: PlanInputs): string {
  return idOf('plan', { kind, username, venue, reference });
}

export interface LegInputs {
  /** The decision or the plan that asks for it. */
  readonly causeId: string;
  readonly username: string;
  /** From 0. */
  readonly leg: number;
}

/** One leg of what a decision or a plan makes us do: at most one live order at any moment. */
export function legId({ causeId, username, leg }: LegInputs): string {
  return idOf('leg', { causeId, username, leg });
}

/** The question to a person about one decision; there is at most one. */
export function escalationId({ decisionId: decision }: { readonly decisionId: string }): string {
  return idOf('escalation', { decisionId: decision });
}

/** Makes the answer to one asking of a question an answer to no other. */
export function askingNonce({
  escalationId: escalation,
  ask,
}: {
  readonly escalationId: string;
  /** From 1. */
  readonly ask: number;
}): string {
  return idOf('nonce', { escalationId: escalation, ask });
}

export interface AskingInputs {
  readonly venue: string;
  readonly symbol: string;
  readonly side: Exclude<Action, 'HOLD'>;
  /** Base units proposed, decimal string; null when none could be. */
  readonly quantity: string | null;
  /** The worst price proposed, decimal string; null when the venue does not trade the symbol. */
  readonly limitPrice: string | null;
  /** Which asking it is, from 1. */
  readonly ask: number;
}

/** What a person is shown, and signs. */
export function askingHash(inputs: AskingInputs): string {
  const { venue, symbol, side, quantity, limitPrice, ask } = inputs;
  return idOf('asking', { venue, symbol, side, quantity, limitPrice, ask });
}

export interface AnswerInputs {
  readonly escalationId: string;
  /** Which asking it answers, from 1. */
  readonly ask: number;
  readonly verb: string;
  /** All it carries, JSON: `{ quantity: '0.5', signature: '…' }`; a forgery must not take the id of
   * the answer it imitates. */
  readonly parameters: unknown;
}

/** A person's answer: a double click is one answer. */
export function answerId({
  escalationId: escalation,
  ask,
  verb,
  parameters,
}: AnswerInputs): string {
  return idOf('answer', { escalationId: escalation, ask, verb, parameters });
}

export interface ParameterInputs {
  readonly venue: string;
  readonly symbol: string;
  readonly side: Exclude<Action, 'HOLD'>;
  readonly type: 'LIMIT' | 'MARKET' | 'STOP_LOSS_LIMIT';
  readonly timeInForce: 'GTC' | 'IOC' | 'FOK' | null;
  /** Decimal strings, in the form they are sent. */
  readonly quantity: string;
  readonly limitPrice: string | null;
  readonly stopPrice: string | null;
}

/** What an approval, an intent and a client order id must agree on. */
export function parameterHash(inputs: ParameterInputs): string {
  const { venue, symbol, side, type, timeInForce, quantity, limitPrice, stopPrice } = inputs;
  const order = { venue, symbol, side, type, timeInForce, quantity, limitPrice, stopPrice };
  return idOf('parameters', order);
}

export interface ClientOrderInputs {
  readonly legId: string;
  /** 1 … 99. */
  readonly attempt: number;
  readonly parameterHash: string;
}

const MAX_ATTEMPT = 99;
const DIGEST_BITS = 160n;

/** The id a venue knows one attempt by: `c<attempt>-<32 characters>`, 35 or 36 in all, within the
 * `[a-zA-Z0-9-_]{1,36}` that venues take. The 32 characters are the first 160 bits of the hash in
 * base32 (RFC 4648 §7, "extended hex", lower case). Throws a RangeError on an attempt outside 1 …
 * 99. */
export function clientOrderId(inputs: ClientOrderInputs): string {
  const { legId: leg, attempt, parameterHash: parameters } = inputs;
  if (!Number.isInteger(attempt) || attempt < 1 || attempt > MAX_ATTEMPT) {
    throw new RangeError(`attempt must be a whole number from 1 to ${MAX_ATTEMPT}, was ${attempt}`);
  }
  const digest = BigInt(`0x${idOf('order', { legId: leg, attempt, parameterHash: parameters })}`);
  const text = (digest >> (256n - DIGEST_BITS)).toString(32).padStart(32, '0');
  return `c${attempt}-${text}`;
}

export interface LearningRunInputs {
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly cadence: string;
  /** Whose candles, and those that open from `fromMs` on and before `toMs`. */
  readonly window: { readonly venue: string; readonly fromMs: number; readonly toMs: number };
  /** Newest close that was known. */
  readonly marketTimeMs: number;
  readonly settings: Readonly<Record<string, number>>;
}

/** One pass of the learning loop: what is learned from the same is the same run. */
export function learningRunId(inputs: LearningRunInputs): string {
  const { venue, symbol, timeframe, cadence, window, marketTimeMs, settings } = inputs;
  const market = { venue, symbol, timeframe };
  return idOf('learning-run', { ...market, cadence, window, marketTimeMs, settings });
}

function idOf(kind: string, inputs: Record<string, unknown>): string {
  return hashOf({ id: kind, ...inputs });
}
