import fc from 'fast-check';
import type { Mail } from '../../core/assistants/mail.ts';
import { ROLES } from '../../core/assistants/role.ts';
import { type Snapshot, TRIGGERS } from '../../core/assistants/snapshot.ts';
import {
  ACTIONS,
  type Answer,
  type Ballot,
  type Challenge,
  type Evidence,
  KINDS,
  type Kind,
  type Opinion,
  type Revision,
  type Stance,
  type Utterance,
} from '../../core/assistants/speech.ts';
import { type Indicators, PATTERNS, REGIMES, type Reading } from '../../core/features/reading.ts';
import { type Candle, TIMEFRAMES, type Timeframe } from '../../core/market/candle.ts';
import { type Forecast, MOST_FORECAST_BPS } from '../../core/models/forecast.ts';
import type { MarketEvent } from '../../proto/messages.ts';

/** Every value a message may carry, as fast-check arbitraries: doubles of all sizes with -0 among
 * them, absent sources, any Unicode prose. */

/** Plain objects, as the core makes them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const nullable = fc.option(finite, { nil: null });
const price = fc.double({ min: 5e-324, max: 1e12, noNaN: true });
const bp = fc.integer({ min: 0, max: 10_000 });
const hash = fc
  .array(fc.integer({ min: 0, max: 15 }), { minLength: 64, maxLength: 64 })
  .map((digits) => digits.map((digit) => digit.toString(16)).join(''));
const role = fc.constantFrom(...ROLES);
const upper = fc.stringMatching(/^[A-Z0-9]{1,20}$/);
export const symbol = fc.tuple(upper, upper).map(([base, quote]) => `${base}/${quote}`);
const debateId = fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/);
const venue = fc.stringMatching(/^[a-z0-9]{1,20}$/);
const prose = fc
  .string({ unit: 'grapheme', maxLength: 80 })
  // oxlint-disable-next-line no-control-regex -- the codec refuses them
  .map((text) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' '));
const decimal = fc.stringMatching(/^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$/);
const timeframe = fc.constantFrom(...(Object.keys(TIMEFRAMES) as Timeframe[]));

function candleAt(openTimeMs: number, frame: Timeframe): fc.Arbitrary<Candle> {
  const prices = fc.tuple(price, price, price, price);
  const volume = fc.double({ min: 0, max: 1e15, noNaN: true });
  return fc.tuple(prices, volume).map(([four, traded]) => ({
    openTimeMs,
    closeTimeMs: openTimeMs + TIMEFRAMES[frame] - 1,
    open: four[0],
    high: Math.max(...four),
    low: Math.min(...four),
    close: four[1],
    volume: traded,
  }));
}

const openTime = fc.integer({ min: 0, max: 4_000_000_000_000 });

export const marketEvent: fc.Arbitrary<MarketEvent> = fc
  .tuple(timeframe, openTime)
  .chain(([frame, openTimeMs]) =>
    record({
      venue,
      symbol,
      timeframe: fc.constant(frame),
      candle: candleAt(openTimeMs, frame),
    }),
  );

const INDICATOR_NAMES: readonly (keyof Indicators)[] = [
  ...([
    'rsi14',
    'macd',
    'macdSignal',
    'macdHistogram',
    'bollingerUpper',
    'bollingerMiddle',
  ] as const),
  ...(['bollingerLower', 'emaFast', 'emaSlow', 'sma20', 'sma50', 'stochasticK'] as const),
  ...(['stochasticD', 'williamsR', 'cci20', 'adx14', 'plusDi14', 'minusDi14', 'atr14'] as const),
  ...(['vwap', 'change1', 'change3', 'change12', 'volumeRatio', 'volatility20'] as const),
  'volatilityMean',
];

const indicators = fc
  .tuple(...INDICATOR_NAMES.map(() => nullable))
  .map((values) =>
    Object.fromEntries(INDICATOR_NAMES.map((name, index) => [name, values[index]])),
  ) as unknown as fc.Arbitrary<Indicators>;

const reading: fc.Arbitrary<Reading> = record({
  indicators,
  patterns: fc.uniqueArray(fc.constantFrom(...PATTERNS)),
  regime: fc.constantFrom(...REGIMES),
  features: fc.array(nullable, { maxLength: 40 }),
  featureHash: hash,
  candlesSeen: fc.nat(),
  warm: fc.boolean(),
});

function candlesAt(openTimeMs: number, frame: Timeframe): fc.Arbitrary<Candle[]> {
  return fc
    .integer({ min: 1, max: 8 })
    .chain((length) =>
      fc.tuple(
        ...Array.from({ length }, (_, index) =>
          candleAt(openTimeMs + index * TIMEFRAMES[frame], frame),
        ),
      ),
    );
}

function snapshotOf(eventId: string, of: string): fc.Arbitrary<Snapshot> {
  return fc
    .tuple(timeframe, openTime)
    .chain(([frame, openTimeMs]) => fc.tuple(fc.constant(frame), candlesAt(openTimeMs, frame)))
    .chain(([frame, candles]) =>
      record<Omit<Snapshot, 'forecast'>>({
        eventId: fc.constant(eventId),
        venue,
        symbol: fc.constant(of),
        timeframe: fc.constant(frame),
        closeTimeMs: fc.constant((candles.at(-1) as Candle).closeTimeMs),
        trigger: fc.constantFrom(...TRIGGERS),
        candles: fc.constant(candles),
        reading,
        liquidity: record({
          spreadBps: fc.double({ min: 0, max: 1e5, noNaN: true }),
          meanQuoteVolume: fc.double({ min: 0, max: 1e18, noNaN: true }),
        }),
        holdings: record({
          equity: decimal,
          cash: decimal,
          quantity: decimal,
          entryPrice: decimal,
          exposureBps: finite,
          drawdownBps: fc.double({ min: 0, max: 1e5, noNaN: true }),
          openOrders: fc.nat(),
        }),
        news: fc.option(
          record({
            items: fc.nat(),
            newsSentiment: fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: null }),
            socialSentiment: fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: null }),
            marketCapChange: nullable,
          }),
          { nil: null },
        ),
      }),
    )
    .chain((facts) =>
      fc.oneof(
        fc.constant(facts),
        forecast.map((of) => ({ ...facts, forecast: of })),
      ),
    );
}

export const stance: fc.Arbitrary<Stance> = fc.tuple(bp, bp).map(([a, b]) => {
  const [low, high] = a < b ? [a, b] : [b, a];
  return { buyBp: low, sellBp: high - low, holdBp: 10_000 - high };
});

const bps = fc.integer({ min: 0, max: MOST_FORECAST_BPS });
/** What a model makes of any reading at all. */
export const forecast: fc.Arbitrary<Forecast> = record({
  shares: stance,
  model: hash,
  confidenceBp: bp,
  magnitudeBps: bps,
  riskBps: bps,
  worthBp: bp,
}).map(({ shares, ...rest }) => ({ ...rest, ...shares }));

const evidence: fc.Arbitrary<Evidence[]> = fc.array(
  record({ fact: fc.stringMatching(/^[A-Za-z0-9_.[\]-]{1,120}$/), value: finite }),
  { maxLength: 3 },
);

export const opinion: fc.Arbitrary<Opinion> = record({
  stance,
  confidenceBp: bp,
  reasons: fc.array(record({ text: prose, evidence }), { maxLength: 3 }),
});

const challenge: fc.Arbitrary<Challenge> = record({ to: role, text: prose, evidence });

const answer: fc.Arbitrary<Answer> = record({
  to: role,
  concedes: fc.boolean(),
  text: prose,
  evidence,
});

const revision: fc.Arbitrary<Revision> = fc
  .tuple(opinion, fc.option(role, { nil: null }), evidence)
  .map(([held, movedBy, newEvidence]) => ({ ...held, movedBy, newEvidence }));

const ballot: fc.Arbitrary<Ballot> = record({
  choice: fc.constantFrom(...ACTIONS, 'ABSTAIN' as const),
  confidenceBp: bp,
  veto: fc.option(record({ code: fc.stringMatching(/^[A-Za-z0-9_.-]{1,60}$/), text: prose }), {
    nil: null,
  }),
  strikes: fc.array(record({ role, text: prose }), { maxLength: 7 }),
  reason: prose,
});

const CONTENT = {
  opinion: fc.option(opinion, { nil: null }),
  challenge: fc.option(challenge, { nil: null }),
  rebuttal: fc.array(answer, { maxLength: 3 }),
  revision: fc.option(revision, { nil: null }),
  ballot: fc.option(ballot, { nil: null }),
} satisfies Record<Kind, fc.Arbitrary<unknown>>;

interface Place {
  readonly debateId: string;
  readonly eventId: string;
  readonly symbol: string;
}

function utteranceAt(place: Place): fc.Arbitrary<Utterance> {
  return fc.constantFrom(...KINDS).chain((kind) =>
    record({
      debateId: fc.constant(place.debateId),
      eventId: fc.constant(place.eventId),
      symbol: fc.constant(place.symbol),
      round: fc.integer({ min: 1, max: 99 }),
      kind: fc.constant(kind),
      role,
      messageId: hash,
      content: CONTENT[kind] as fc.Arbitrary<unknown>,
    }),
  ) as fc.Arbitrary<Utterance>;
}

const place: fc.Arbitrary<Place> = record({ debateId, eventId: hash, symbol });

export const utterance: fc.Arbitrary<Utterance> = place.chain(utteranceAt);

export const mail: fc.Arbitrary<Mail> = place.chain((of) =>
  record({
    messageId: hash,
    debateId: fc.constant(of.debateId),
    eventId: fc.constant(of.eventId),
    symbol: fc.constant(of.symbol),
    round: fc.integer({ min: 1, max: 99 }),
    kind: fc.constantFrom(...KINDS),
    to: role,
    snapshot: snapshotOf(of.eventId, of.symbol),
    heard: fc.array(utteranceAt(of), { maxLength: 4 }),
  }),
);
