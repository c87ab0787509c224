import { z } from 'zod';

/** What a request or a message is, for whoever writes a fault's rule. */
export const OCCASIONS = [
  'new-order',
  'cancel',
  'query',
  'orders-open',
  'trades',
  'account',
  'depth',
  'klines',
  'time',
  'instruments',
  /** Each execution report of the user stream. */
  'stream',
  /** Each fill, whoever caused it. */
  'fill',
] as const;
export type Occasion = (typeof OCCASIONS)[number];

/** How the venue lies. `…-before`: nothing was done; `…-after`: the act was done and stands. */
export const FAULTS = [
  'reply-lost-before',
  'reply-lost-after',
  /** Done at once, answered after `delayMs`. */
  'reply-late',
  /** Taken, and judged, only after `delayMs`. */
  'arrival-late',
  'error-5xx-before',
  'error-5xx-after',
  /** -1006: unexpected response inside the venue. */
  'unexpected-before',
  'unexpected-after',
  /** -1007: timeout inside the venue. */
  'timeout-before',
  'timeout-after',
  /** 429 with Retry-After `seconds`; nobody is served before that. */
  'rate-limited',
  /** 418, the same. */
  'banned',
  /** The reply has the form that `shape` names. */
  'malformed-before',
  'malformed-after',
  /** The venue's clock is `offsetMs` ahead for this request. */
  'clock-skew',
  /** The book as it stood `candles` closes ago. */
  'stale-depth',
  /** An order meets `share` of the book only. */
  'partial-fill',
  /** The new order is not found, listed or traded for `forMs`, although it is there. */
  'forgotten',
  /** The fill is missing from the trade list for `forMs`. */
  'trade-late',
  'report-lost',
  'report-duplicated',
  /** Sent after `delayMs`; later ones pass it. */
  'report-late',
  /** Held back until the account's next one has been sent. */
  'report-reordered',
  /** Every WebSocket is cut. */
  'socket-drop',
  /** Every open WebSocket says nothing more for `forMs`, not even a pong. */
  'socket-silent',
] as const;
export type FaultName = (typeof FAULTS)[number];

export const SHAPES = [
  'html',
  'empty',
  'truncated',
  'wrong-types',
  'missing-fields',
  'other-order',
  'duplicate-keys',
  'deep',
  'huge',
  'slow',
] as const;
export type Shape = (typeof SHAPES)[number];

/** A venue whose reads lag longer than this is not one that Corro claims to survive (SAFETY 2.6f).
 */
export const READ_LAG_MS = 2_000;

const EFFECTS: Partial<Record<FaultName, readonly Occasion[]>> = {
  'stale-depth': ['depth'],
  'partial-fill': ['new-order'],
  forgotten: ['new-order'],
  'trade-late': ['fill'],
  'report-lost': ['stream'],
  'report-duplicated': ['stream'],
  'report-late': ['stream'],
  'report-reordered': ['stream'],
  'socket-drop': ['stream'],
  'socket-silent': ['stream'],
};
const REQUESTS = OCCASIONS.filter((occasion) => occasion !== 'stream' && occasion !== 'fill');

/** The occasions at which a fault can happen; `any` means all of these. */
export function occasionsOf(fault: FaultName): readonly Occasion[] {
  return EFFECTS[fault] ?? REQUESTS;
}

const TOLD: ReadonlySet<FaultName> = new Set([
  'clock-skew',
  'partial-fill',
  'stale-depth',
  'forgotten',
]);

/** Whether it says what becomes of a request's reply: of these one at most happens at a time. */
export function isReplyFault(fault: FaultName): boolean {
  return !TOLD.has(fault) && (EFFECTS[fault] ?? REQUESTS) === REQUESTS;
}

const waitMs = z.int().min(0).max(60_000);

const PARAMETERS = z.strictObject({
  delayMs: waitMs.default(500),
  forMs: waitMs.default(1_500),
  seconds: z.int().min(1).max(3_600).default(2),
  offsetMs: z.int().min(-600_000).max(600_000).default(2_000),
  status: z.int().min(500).max(599).default(503),
  shape: z.enum(SHAPES).default('html'),
  bytes: z.int().min(0).max(20_000_000).default(10_000_000),
  candles: z.int().min(1).max(100).default(3),
  share: z.number().min(0).max(1).default(0.3),
});

const RULE = z
  .strictObject({
    fault: z.enum(FAULTS),
    on: z.enum([...OCCASIONS, 'any']).default('any'),
    /** Only this account's; left out: everybody's. */
    account: z.string().max(64).optional(),
    probability: z.number().min(0).max(1).optional(),
    everyNth: z.int().min(1).optional(),
    /** Counted from 1. */
    atNth: z.int().min(1).optional(),
    between: z
      .strictObject({
        clock: z.enum(['wall', 'market']),
        fromMs: z.int().min(0),
        untilMs: z.int().min(0),
      })
      .optional(),
    /** Most times it happens; left out: no end. */
    count: z.int().min(1).optional(),
    parameters: PARAMETERS.prefault({}),
  })
  .refine(
    ({ probability, everyNth, atNth }) =>
      [probability, everyNth, atNth].filter((when) => when !== undefined).length <= 1,
    'must have at most one of probability, everyNth and atNth',
  )
  .refine(
    ({ fault, on }) => on === 'any' || occasionsOf(fault).includes(on),
    'must name an occasion at which this fault can happen',
  )
  .refine(
    ({ fault, parameters }) =>
      !['forgotten', 'trade-late'].includes(fault) || parameters.forMs <= READ_LAG_MS,
    `must not hide anything for longer than ${READ_LAG_MS} ms`,
  );

/** What `POST /control/faults` takes: rules are asked in their order, each with random numbers of
 * its own from the seed, so that one rule's firing does not move another's. */
export const FAULT_SCRIPT = z.strictObject({
  seed: z.int().min(0).max(4_294_967_295),
  rules: z.array(RULE).max(100),
});
export type FaultScript = z.infer<typeof FAULT_SCRIPT>;
export type FaultRule = FaultScript['rules'][number];

export const NO_FAULTS: FaultScript = { seed: 0, rules: [] };
