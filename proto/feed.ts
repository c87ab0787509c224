import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import type { Verdict } from '../core/debate/tally.ts';
import type { Position } from '../core/portfolio/position.ts';
import { WireError } from './errors.ts';
import { FEED_SCHEMAS, type Feed } from './feed-schemas.ts';
import type { MarketEvent } from './messages.ts';
import type { FeedKind, Wire } from './subjects.ts';

/** Live feeds in JSON, for any program and any NATS client. They are told after the fact and may be
 * lost; Postgres is the record. Builders take core types and return the form of
 * `feed-schemas.ts`. */

const MAX_FEED_BYTES = 256 * 1024;

export function candleFeed({ venue, symbol, timeframe, candle }: MarketEvent): Feed<'candle'> {
  const { open, high, low, close, volume } = candle;
  return {
    feed: 'candle',
    at: iso(candle.closeTimeMs),
    symbol,
    venue,
    timeframe,
    openTime: iso(candle.openTimeMs),
    open,
    high,
    low,
    close,
    volume,
  };
}

export function motionFeed(debateId: string, snapshot: Snapshot): Feed<'motion'> {
  const { eventId, venue, symbol, timeframe, trigger, closeTimeMs, candles } = snapshot;
  const close = candles.at(-1)?.close;
  if (close === undefined) throw new RangeError('snapshot.candles must not be empty, was []');
  return {
    feed: 'motion',
    at: iso(closeTimeMs),
    symbol,
    venue,
    timeframe,
    debateId,
    eventId,
    trigger,
    close,
  };
}

/** `closeTimeMs`: the close the debate is about; assistants have no other time. */
export function utteranceFeed(utterance: Utterance, closeTimeMs: number): Feed<'utterance'> {
  const { symbol, debateId, eventId, round, role, kind, content } = utterance;
  return {
    feed: 'utterance',
    at: iso(closeTimeMs),
    symbol,
    debateId,
    eventId,
    round,
    role,
    kind,
    content,
  };
}

export interface VerdictFacts {
  readonly symbol: string;
  readonly debateId: string;
  readonly eventId: string;
  readonly decisionId: string;
  readonly userId: string;
  readonly closeTimeMs: number;
  readonly verdict: Verdict;
  readonly contested: boolean;
  readonly rounds: number;
}

export function verdictFeed({ verdict, closeTimeMs, ...facts }: VerdictFacts): Feed<'verdict'> {
  const { symbol, debateId, eventId, decisionId, userId, contested, rounds } = facts;
  const { BUY, SELL, HOLD } = verdict.tally.sharesBp;
  return {
    feed: 'verdict',
    at: iso(closeTimeMs),
    symbol,
    debateId,
    eventId,
    decisionId,
    userId,
    contested,
    rounds,
    verdict: verdict.kind,
    action: verdict.action,
    confidenceBp: verdict.confidenceBp,
    sharesBp: { BUY, SELL, HOLD },
    ballots: verdict.tally.ballots,
    veto: verdict.veto && { code: verdict.veto.code, text: verdict.veto.text },
  };
}

/** What a builder takes: the feed's own fields with times as Unix milliseconds. */
type Facts<K extends FeedKind, Times extends string = never> = Readonly<
  Omit<Feed<K>, 'feed' | 'at' | Times> & { atMs: number }
>;

export type EscalationFacts = Facts<'escalation', 'deadline'> & { readonly deadlineMs: number };

export function escalationFeed(facts: EscalationFacts): Feed<'escalation'> {
  const { atMs, deadlineMs, ...rest } = facts;
  return { feed: 'escalation', at: iso(atMs), ...rest, deadline: iso(deadlineMs) };
}

export function orderFeed({ atMs, ...rest }: Facts<'order'>): Feed<'order'> {
  return { feed: 'order', at: iso(atMs), ...rest };
}

export function fillFeed({ atMs, ...rest }: Facts<'fill'>): Feed<'fill'> {
  return { feed: 'fill', at: iso(atMs), ...rest };
}

export interface PositionFacts {
  readonly symbol: string;
  readonly venue: string;
  readonly userId: string;
  readonly position: Position;
  readonly currentPrice: string;
  readonly equity: string;
  readonly atMs: number;
}

export function positionFeed({ atMs, position, ...rest }: PositionFacts): Feed<'position'> {
  const { quantity, entryPrice, realisedPnl } = position;
  return { feed: 'position', at: iso(atMs), ...rest, quantity, entryPrice, realisedPnl };
}

type LearningSaid = 'symbol' | 'venue' | 'timeframe' | 'news' | 'words' | 'by';

/** What is left out is said to be `null`. */
export type LearningFacts = Pick<Facts<'learning'>, LearningSaid | 'atMs'> &
  Partial<Omit<Facts<'learning'>, LearningSaid | 'atMs'>>;

const NOTHING_SAID = {
  ...{ runId: null, verdict: null, weightsVersion: null, model: null, modelBefore: null },
  ...{ level: null, worthBp: null, retrain: null },
} as const;
const MOST_WORDS = 500;

/** `words` are cut to one line. */
export function learningFeed({ atMs, words, ...rest }: LearningFacts): Feed<'learning'> {
  const line = words.replaceAll(/\s+/g, ' ').trim();
  const told = line.length <= MOST_WORDS ? line : `${line.slice(0, MOST_WORDS - 1)}…`;
  return { feed: 'learning', at: iso(atMs), ...NOTHING_SAID, ...rest, words: told };
}

/** Subject and bytes of one feed message. Throws `WireError` when it is not of its own schema. */
export function feedMessage(
  names: Wire,
  message: Feed,
): { readonly subject: string; readonly payload: Uint8Array } {
  const checked = checkFeed(message.feed, message);
  return {
    subject: names.feed(message.feed, message.symbol),
    payload: new TextEncoder().encode(JSON.stringify(checked)),
  };
}

/** Bytes of a feed subject → its message, or `WireError`. */
export function readFeed<K extends FeedKind>(kind: K, payload: Uint8Array): Feed<K> {
  if (payload.byteLength > MAX_FEED_BYTES) {
    throw new WireError('wire_too_large', kind, `at most ${MAX_FEED_BYTES} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    throw new WireError('wire_malformed', kind);
  }
  return checkFeed(kind, value);
}

function checkFeed<K extends FeedKind>(kind: K, value: unknown): Feed<K> {
  const result = FEED_SCHEMAS[kind].safeParse(value);
  if (result.success) return result.data as Feed<K>;
  const [issue] = result.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  throw new WireError(
    issue?.code === 'unrecognized_keys' ? 'wire_unknown_field' : 'wire_value',
    path === '' ? kind : path,
    'as docs/feeds.md says',
  );
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
