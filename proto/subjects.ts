import { isRole, ROLES, type Role } from '../core/assistants/role.ts';
import { KINDS, type Kind } from '../core/assistants/speech.ts';
import { TIMEFRAMES, type Timeframe } from '../core/market/candle.ts';
import { isSymbol, symbolToken } from '../core/market/instrument.ts';

/** Every subject, stream, consumer, queue and workflow id of one ring is built here and nowhere
 * else. No node builtins: Temporal workflows import this file. */

/** Symbols are spread over this many mailbox partitions per role; a change of it moves mailboxes,
 * so it is a new namespace, not a setting. */
export const PARTITIONS = 8;

export const FEED_KINDS = [
  'candle',
  'motion',
  'utterance',
  'verdict',
  'escalation',
  'order',
  'fill',
  'position',
  'learning',
] as const;
export type FeedKind = (typeof FEED_KINDS)[number];

export const VENUE_VERBS = [
  'order-new',
  'order-query',
  'order-cancel',
  'orders-open',
  'trades',
  'account',
  'depth',
  'klines',
  'instruments',
  'time',
  'watch',
] as const;
export type VenueVerb = (typeof VENUE_VERBS)[number];

/** The endpoint of the strategist that answers what the models make of a market. */
export const PREDICT_VERB = 'predict';

/** Where a dead letter came from: a role's mailbox, or a subject that is nobody's mailbox. */
export const DEAD_ORIGINS = [...ROLES, 'debate', 'market', 'venue'] as const;
export type DeadOrigin = (typeof DEAD_ORIGINS)[number];

/** The address of one utterance in the ring. */
export interface DebateAddress {
  readonly debateId: string;
  readonly symbol: string;
  readonly round: number;
  readonly kind: Kind;
  readonly role: Role;
}

export interface MailAddress {
  readonly role: Role;
  readonly partition: number;
  readonly symbol: string;
}

export interface MarketAddress {
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

/** A part of a subject or id is not what it must be. The message names the token, what was expected
 * and what was found (shortened). */
export class SubjectError extends Error {
  override readonly name = 'SubjectError';
  readonly token: string;
  readonly expected: string;
  readonly found: string;

  constructor(token: string, expected: string, found: unknown) {
    const shown = shorten(found);
    super(`${token} must be ${expected}, was ${shown}`);
    this.token = token;
    this.expected = expected;
    this.found = shown;
  }
}

const MAX_ROUND = 99;
const NAMESPACE = { pattern: /^[a-z][a-z0-9]{0,19}$/, says: 'a-z then up to 19 of a-z 0-9' };
const ID = { pattern: /^[A-Za-z0-9_-]{1,100}$/, says: '1 to 100 of A-Z a-z 0-9 _ -' };
const VENUE = { pattern: /^[a-z0-9]{1,20}$/, says: '1 to 20 of a-z 0-9' };

/** Builds the subjects and ids of one ring. `namespace` is the first token of all of them, so two
 * rings can share one NATS and one Temporal. Every method throws `SubjectError` on a bad part. */
export function wire(namespace = 'corro') {
  const ns = word('namespace', NAMESPACE, namespace);
  return {
    namespace: ns,
    streams: streamNames(ns),
    streamSubjects: streamSubjects(ns),
    /** Temporal task queues. */
    queues: {
      decision: `${ns}-decision`,
      order: `${ns}-order`,
      learning: `${ns}-learning`,
      training: `${ns}-training`,
    },
    ...mailSubjects(ns),
    ...debateSubjects(ns),
    ...marketSubjects(ns),
    ...venueSubjects(ns),
    ...workflowIds(ns),
    partitionOf,
  } as const;
}

export type Wire = ReturnType<typeof wire>;

/** FNV-1a, 32 bit, of the canonical symbol, modulo `PARTITIONS`: the same on every machine for
 * ever. Constants: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function partitionOf(symbol: string): number {
  checkSymbol(symbol);
  let hash = 0x811c9dc5;
  for (let index = 0; index < symbol.length; index += 1) {
    hash = Math.imul(hash ^ symbol.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % PARTITIONS;
}

function streamNames(ns: string) {
  const prefix = ns.toUpperCase();
  return {
    MAIL: `${prefix}_MAIL`,
    DEBATE: `${prefix}_DEBATE`,
    MARKET: `${prefix}_MARKET`,
    DEAD: `${prefix}_DEAD`,
    ANCHOR: `${prefix}_ANCHOR`,
  } as const;
}

function streamSubjects(ns: string) {
  return {
    MAIL: [`${ns}.mail.>`],
    DEBATE: [`${ns}.debate.>`],
    MARKET: [`${ns}.market.>`],
    DEAD: [`${ns}.dead.>`],
    ANCHOR: [`${ns}.safety.anchor.>`],
  } as const;
}

function mailSubjects(ns: string) {
  return {
    /** `corro.mail.<role>.<partition>.<symbol token>` */
    mail: (role: Role, symbol: string): string =>
      `${ns}.mail.${checkRole(role)}.${partitionOf(symbol)}.${symbolToken(symbol)}`,
    /** All symbols of one partition of one role, or of all of them. */
    mailFilter: (role: Role, partition?: number): string => {
      const which = partition === undefined ? '*' : checkPartition(partition);
      return `${ns}.mail.${checkRole(role)}.${which}.*`;
    },
    /** Durable consumer of one (role, partition): one active host at a time. */
    mailConsumer: (role: Role, partition: number): string =>
      `${checkRole(role)}-${checkPartition(partition)}`,
    parseMail: (subject: string): MailAddress => parseMail(ns, subject),
    /** Mail and other messages nobody could read or answer. */
    deadLetter: (origin: DeadOrigin): string =>
      `${ns}.dead.${oneOf('dead letter origin', DEAD_ORIGINS, origin)}`,
    /** NATS micro service of one assistant, as `nats micro ls` shows it. */
    assistantService: (role: Role): string => `${ns}-${checkRole(role)}`,
    /** Endpoint of that service: `corro.assistant.<role>.<verb>`. */
    assistant: (role: Role, verb: string): string =>
      `${ns}.assistant.${checkRole(role)}.${word('verb', ID, verb)}`,
    assistantFilter: (role: Role): string => `${ns}.assistant.${checkRole(role)}.*`,
  };
}

function debateSubjects(ns: string) {
  return {
    /** `corro.debate.<debate>.<symbol token>.<round>.<kind>.<role>` */
    debate: (address: DebateAddress): string => debateSubject(ns, address),
    /** The same with `*` for every part that is left out. */
    debateFilter: (address: Partial<DebateAddress>): string => debateSubject(ns, address),
    parseDebate: (subject: string): DebateAddress => parseDebate(ns, subject),
  };
}

function marketSubjects(ns: string) {
  return {
    /** `corro.market.<venue>.<symbol token>.<timeframe>`: closed candles. */
    market: (venue: string, symbol: string, timeframe: Timeframe): string =>
      marketSubject(ns, { venue, symbol, timeframe }),
    marketFilter: (address: Partial<MarketAddress>): string => marketSubject(ns, address),
    parseMarket: (subject: string): MarketAddress => parseMarket(ns, subject),
    /** `corro.feed.<kind>.<symbol token>`: JSON for any program, see docs/feeds.md. */
    feed: (kind: FeedKind, symbol: string): string =>
      `${ns}.feed.${oneOf('feed kind', FEED_KINDS, kind)}.${checkedToken(symbol)}`,
    /** All that is ever told on the feeds. */
    feedTree: `${ns}.feed.>`,
    feedFilter: (kind?: FeedKind, symbol?: string): string => {
      const kindToken = kind === undefined ? '*' : oneOf('feed kind', FEED_KINDS, kind);
      return `${ns}.feed.${kindToken}.${symbol === undefined ? '*' : checkedToken(symbol)}`;
    },
  };
}

function venueSubjects(ns: string) {
  return {
    /** `corro.venue.<venue>.<verb>`: requests the venue gateway answers. */
    venue: (venue: string, verb: VenueVerb): string =>
      `${ns}.venue.${word('venue', VENUE, venue)}.${oneOf('venue verb', VENUE_VERBS, verb)}`,
    /** `corro.venue.<venue>.executions.<symbol token>`: what the venue's user stream tells. */
    executions: (venue: string, symbol: string): string =>
      `${ns}.venue.${word('venue', VENUE, venue)}.executions.${checkedToken(symbol)}`,
    /** One verb of every venue. */
    venueFilter: (verb: VenueVerb): string =>
      `${ns}.venue.*.${oneOf('venue verb', VENUE_VERBS, verb)}`,
    /** The executions of all symbols, at one venue or at all. */
    executionsFilter: (venue?: string): string =>
      `${ns}.venue.${venue === undefined ? '*' : word('venue', VENUE, venue)}.executions.*`,
    /** NATS micro service of one venue's gateway. */
    venueService: (venue: string): string => `${ns}-venue-${word('venue', VENUE, venue)}`,
    /** `corro.safety.halt`: requests to place a halt, which the order worker answers. */
    haltRequest: `${ns}.safety.halt`,
    /** NATS micro service that takes these requests. */
    safetyService: `${ns}-safety`,
    /** `corro.safety.anchor.<partition>`: the newest head of one audit partition. */
    anchor: (partition: string): string =>
      `${ns}.safety.anchor.${word('partition', ID, partition)}`,
    anchorFilter: `${ns}.safety.anchor.*`,
  };
}

function workflowIds(ns: string) {
  return {
    /** `corro:debate:<debate id>` */
    debateWorkflowId: (debateId: string): string =>
      `${ns}:debate:${word('debateId', ID, debateId)}`,
    /** `corro:order:<leg id>` */
    orderWorkflowId: (legId: string): string => `${ns}:order:${word('legId', ID, legId)}`,
    /** `corro:guard:<plan id>`: watches one open position. */
    guardWorkflowId: (planId: string): string => `${ns}:guard:${word('planId', ID, planId)}`,
    /** `corro:plan:<plan id>`: works off a hedge, a rebalancing or a flattening. */
    planWorkflowId: (planId: string): string => `${ns}:plan:${word('planId', ID, planId)}`,
    /** `corro:settlement:<client order id>`: settles an order that was left to a person. */
    settlementWorkflowId: (clientOrderId: string): string =>
      `${ns}:settlement:${word('clientOrderId', ID, clientOrderId)}`,
    /** `corro:escalation:<escalation id>` */
    escalationWorkflowId: (id: string): string =>
      `${ns}:escalation:${word('escalationId', ID, id)}`,
    /** `corro:learning:<venue>:<symbol token>:<timeframe>:<cadence>`: a learning run. */
    learningWorkflowId: ({ venue, symbol, timeframe }: MarketAddress, cadence: string): string => {
      const place = `${word('venue', VENUE, venue)}:${checkedToken(symbol)}`;
      return `${ns}:learning:${place}:${checkTimeframe(timeframe)}:${word('cadence', ID, cadence)}`;
    },
    /** `corro:training:<venue>:<symbol token>:<timeframe>:<cadence>`: what starts it. */
    learningScheduleId: ({ venue, symbol, timeframe }: MarketAddress, cadence: string): string => {
      const place = `${word('venue', VENUE, venue)}:${checkedToken(symbol)}`;
      return `${ns}:training:${place}:${checkTimeframe(timeframe)}:${word('cadence', ID, cadence)}`;
    },
    /** What the ids of all such schedules begin with. */
    learningSchedulePrefix: `${ns}:training:`,
    /** `corro:watch:<venue>:<symbol token>:<timeframe>`: the market monitoring schedule. */
    watchScheduleId: ({ venue, symbol, timeframe }: MarketAddress): string => {
      const place = `${word('venue', VENUE, venue)}:${checkedToken(symbol)}`;
      return `${ns}:watch:${place}:${checkTimeframe(timeframe)}`;
    },
  };
}

function debateSubject(ns: string, address: Partial<DebateAddress>): string {
  const { debateId, symbol, round, kind, role } = address;
  return [
    `${ns}.debate`,
    debateId === undefined ? '*' : word('debateId', ID, debateId),
    symbol === undefined ? '*' : checkedToken(symbol),
    round === undefined ? '*' : String(within('round', [1, MAX_ROUND], round)),
    kind === undefined ? '*' : oneOf('kind', KINDS, kind),
    role === undefined ? '*' : checkRole(role),
  ].join('.');
}

function marketSubject(ns: string, address: Partial<MarketAddress>): string {
  const { venue, symbol, timeframe } = address;
  return [
    `${ns}.market`,
    venue === undefined ? '*' : word('venue', VENUE, venue),
    symbol === undefined ? '*' : checkedToken(symbol),
    timeframe === undefined ? '*' : checkTimeframe(timeframe),
  ].join('.');
}

function parseMail(ns: string, subject: string): MailAddress {
  const [role, partition, token] = tokens(subject, `${ns}.mail`, 3);
  const symbol = symbolOf(token);
  const expected = partitionOf(symbol);
  if (partition !== String(expected)) throw new SubjectError('partition', `${expected}`, partition);
  return { role: checkRole(role), partition: expected, symbol };
}

function parseDebate(ns: string, subject: string): DebateAddress {
  const [debateId, token, round, kind, role] = tokens(subject, `${ns}.debate`, 5);
  return {
    debateId: word('debateId', ID, debateId),
    symbol: symbolOf(token),
    round: within('round', [1, MAX_ROUND], /^[1-9]\d?$/.test(round ?? '') ? Number(round) : round),
    kind: oneOf('kind', KINDS, kind),
    role: checkRole(role),
  };
}

function parseMarket(ns: string, subject: string): MarketAddress {
  const [venue, token, timeframe] = tokens(subject, `${ns}.market`, 3);
  return {
    venue: word('venue', VENUE, venue),
    symbol: symbolOf(token),
    timeframe: checkTimeframe(timeframe),
  };
}

function tokens(subject: string, prefix: string, count: number): readonly string[] {
  const rest = subject.startsWith(`${prefix}.`) ? subject.slice(prefix.length + 1).split('.') : [];
  if (rest.length === count) return rest;
  throw new SubjectError('subject', `${prefix} and ${count} more tokens`, subject);
}

function symbolOf(token: string | undefined): string {
  return checkSymbol(token?.replace('-', '/'));
}

function checkedToken(symbol: string): string {
  return symbolToken(checkSymbol(symbol));
}

function checkSymbol(symbol: unknown): string {
  if (typeof symbol === 'string' && isSymbol(symbol)) return symbol;
  throw new SubjectError('symbol', 'BASE/QUOTE of A-Z 0-9, like BTC/USDT', symbol);
}

function checkRole(role: unknown): Role {
  if (typeof role === 'string' && isRole(role)) return role;
  throw new SubjectError('role', `one of ${ROLES.join(', ')}`, role);
}

function checkTimeframe(timeframe: unknown): Timeframe {
  return oneOf('timeframe', Object.keys(TIMEFRAMES) as Timeframe[], timeframe);
}

function checkPartition(partition: unknown): number {
  return within('partition', [0, PARTITIONS - 1], partition);
}

function within(token: string, [from, to]: readonly [number, number], value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= from && (value as number) <= to) {
    return value as number;
  }
  throw new SubjectError(token, `an integer from ${from} to ${to}`, value);
}

function word(token: string, rule: { pattern: RegExp; says: string }, value: unknown): string {
  if (typeof value === 'string' && rule.pattern.test(value)) return value;
  throw new SubjectError(token, rule.says, value);
}

function oneOf<T extends string>(token: string, allowed: readonly T[], value: unknown): T {
  const found = allowed.find((item) => item === value);
  if (found !== undefined) return found;
  throw new SubjectError(token, `one of ${allowed.join(', ')}`, value);
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
