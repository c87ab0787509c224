import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Holdings, NewsDigest, Snapshot, Trigger } from '../core/assistants/snapshot.ts';
import type { Indicators, Pattern, Reading, Regime } from '../core/features/reading.ts';
import type { Liquidity } from '../core/market/liquidity.ts';
import { type Forecast, MOST_FORECAST_BPS } from '../core/models/forecast.ts';
import { candleToCore, candleToWire, timeframes } from './codec-market.ts';
import {
  basisPoints,
  count,
  decimalText,
  enumeration,
  finite,
  finiteOrNull,
  hash,
  invalid,
  list,
  notNegative,
  present,
  symbol,
  timeMs,
  timeToWire,
  venueName,
  whole,
} from './fields.ts';
import {
  type Forecast as ForecastMessage,
  type Holdings as HoldingsMessage,
  type Indicators as IndicatorsMessage,
  type IndicatorsSchema,
  type Liquidity as LiquidityMessage,
  type NewsDigest as NewsMessage,
  type Reading as ReadingMessage,
  type ReadingSchema,
  type Snapshot as SnapshotMessage,
  type SnapshotSchema,
  Pattern as WirePattern,
  Regime as WireRegime,
  Trigger as WireTrigger,
} from './gen/corro/v1/snapshot_pb.ts';

const MAX_CANDLES = 32;
const MAX_FEATURES = 256;
const WHOLE_BP = 10_000;

const triggers = enumeration({
  price_move: WireTrigger.PRICE_MOVE,
  volume_surge: WireTrigger.VOLUME_SURGE,
  regime_change: WireTrigger.REGIME_CHANGE,
  signal: WireTrigger.SIGNAL,
  position_at_risk: WireTrigger.POSITION_AT_RISK,
  cadence: WireTrigger.CADENCE,
} satisfies Record<Trigger, WireTrigger>);

const regimes = enumeration({
  calm: WireRegime.CALM,
  trend_up: WireRegime.TREND_UP,
  trend_down: WireRegime.TREND_DOWN,
  choppy: WireRegime.CHOPPY,
  turbulent: WireRegime.TURBULENT,
} satisfies Record<Regime, WireRegime>);

const patterns = enumeration({
  bullish_engulfing: WirePattern.BULLISH_ENGULFING,
  bearish_engulfing: WirePattern.BEARISH_ENGULFING,
  hammer: WirePattern.HAMMER,
  shooting_star: WirePattern.SHOOTING_STAR,
  doji: WirePattern.DOJI,
  morning_star: WirePattern.MORNING_STAR,
  evening_star: WirePattern.EVENING_STAR,
} satisfies Record<Pattern, WirePattern>);

/** Every indicator by name; the compiler refuses this table when one is added without its field. */
const INDICATORS = {
  rsi14: true,
  macd: true,
  macdSignal: true,
  macdHistogram: true,
  bollingerUpper: true,
  bollingerMiddle: true,
  bollingerLower: true,
  emaFast: true,
  emaSlow: true,
  sma20: true,
  sma50: true,
  stochasticK: true,
  stochasticD: true,
  williamsR: true,
  cci20: true,
  adx14: true,
  plusDi14: true,
  minusDi14: true,
  atr14: true,
  vwap: true,
  change1: true,
  change3: true,
  change12: true,
  volumeRatio: true,
  volatility20: true,
  volatilityMean: true,
} as const satisfies Record<keyof Indicators, true> &
  Partial<Record<keyof IndicatorsMessage, true>>;
const INDICATOR_NAMES = Object.keys(INDICATORS) as (keyof Indicators)[];

export function snapshotToWire(snapshot: Snapshot): MessageInitShape<typeof SnapshotSchema> {
  const { news, holdings, liquidity, forecast } = snapshot;
  return {
    eventId: snapshot.eventId,
    venue: snapshot.venue,
    symbol: snapshot.symbol,
    timeframe: timeframes.toWire(snapshot.timeframe, 'snapshot.timeframe'),
    closeTimeMs: timeToWire(snapshot.closeTimeMs, 'snapshot.closeTimeMs'),
    trigger: triggers.toWire(snapshot.trigger, 'snapshot.trigger'),
    candles: snapshot.candles.map((candle, index) =>
      candleToWire(candle, `snapshot.candles[${index}]`),
    ),
    reading: readingToWire(snapshot.reading),
    liquidity: { ...liquidity },
    holdings: { ...holdings },
    ...(news === null
      ? {}
      : {
          news: {
            items: news.items,
            ...known('newsSentiment', news.newsSentiment),
            ...known('socialSentiment', news.socialSentiment),
            ...known('marketCapChange', news.marketCapChange),
          },
        }),
    ...(forecast === undefined ? {} : { forecast: { ...forecast } }),
  };
}

/** The whole snapshot, or `WireError`. What comes back hashes as what was sent did. */
export function snapshotToCore(message: SnapshotMessage, path: string): Snapshot {
  const at = (field: string): string => `${path}.${field}`;
  const timeframe = timeframes.toCore(message.timeframe, at('timeframe'));
  const snapshot: Snapshot = {
    eventId: hash(message.eventId, at('eventId')),
    venue: venueName(message.venue, at('venue')),
    symbol: symbol(message.symbol, at('symbol')),
    timeframe,
    closeTimeMs: timeMs(message.closeTimeMs, at('closeTimeMs')),
    trigger: triggers.toCore(message.trigger, at('trigger')),
    candles: list(message.candles, at('candles'), {
      cap: MAX_CANDLES,
      item: (candle, place) => candleToCore(candle, place, timeframe),
    }),
    reading: readingToCore(present(message.reading, at('reading')), at('reading')),
    liquidity: liquidityToCore(present(message.liquidity, at('liquidity')), at('liquidity')),
    holdings: holdingsToCore(present(message.holdings, at('holdings')), at('holdings')),
    news: message.news === undefined ? null : newsToCore(message.news, at('news')),
    ...(message.forecast === undefined
      ? {}
      : { forecast: forecastToCore(message.forecast, at('forecast')) }),
  };
  checkOrder(snapshot, at('candles'));
  return snapshot;
}

function checkOrder({ candles, closeTimeMs }: Snapshot, path: string): void {
  if (candles.at(-1)?.closeTimeMs !== closeTimeMs) {
    throw invalid(path, 'not empty, the last one closed at closeTimeMs');
  }
  for (const [index, candle] of candles.entries()) {
    const before = candles[index - 1];
    if (before !== undefined && candle.openTimeMs <= before.closeTimeMs) {
      throw invalid(`${path}[${index}].openTimeMs`, 'after the candle before it');
    }
  }
}

function readingToWire(reading: Reading): MessageInitShape<typeof ReadingSchema> {
  return {
    indicators: indicatorsToWire(reading.indicators),
    patterns: reading.patterns.map((pattern) => patterns.toWire(pattern, 'reading.patterns')),
    regime: regimes.toWire(reading.regime, 'reading.regime'),
    features: reading.features.map((value) => known('value', value)),
    featureHash: reading.featureHash,
    candlesSeen: reading.candlesSeen,
    warm: reading.warm,
  };
}

function readingToCore(message: ReadingMessage, path: string): Reading {
  return {
    indicators: indicatorsToCore(
      present(message.indicators, `${path}.indicators`),
      `${path}.indicators`,
    ),
    patterns: list(message.patterns, `${path}.patterns`, { cap: 7, item: patterns.toCore }),
    regime: regimes.toCore(message.regime, `${path}.regime`),
    features: list(message.features, `${path}.features`, {
      cap: MAX_FEATURES,
      item: (feature, place) => finiteOrNull(feature.value, place),
    }),
    featureHash: hash(message.featureHash, `${path}.featureHash`),
    candlesSeen: count(message.candlesSeen, `${path}.candlesSeen`),
    warm: present(message.warm, `${path}.warm`),
  };
}

function indicatorsToWire(indicators: Indicators): MessageInitShape<typeof IndicatorsSchema> {
  const values = INDICATOR_NAMES.map((name) => [name, indicators[name]] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== null));
}

function indicatorsToCore(message: IndicatorsMessage, path: string): Indicators {
  const values = INDICATOR_NAMES.map(
    (name) => [name, finiteOrNull(message[name], `${path}.${name}`)] as const,
  );
  return Object.fromEntries(values) as unknown as Indicators;
}

function liquidityToCore(message: LiquidityMessage, path: string): Liquidity {
  return {
    spreadBps: notNegative(message.spreadBps, `${path}.spreadBps`),
    meanQuoteVolume: notNegative(message.meanQuoteVolume, `${path}.meanQuoteVolume`),
  };
}

function holdingsToCore(message: HoldingsMessage, path: string): Holdings {
  return {
    equity: decimalText(message.equity, `${path}.equity`),
    cash: decimalText(message.cash, `${path}.cash`),
    quantity: decimalText(message.quantity, `${path}.quantity`),
    entryPrice: decimalText(message.entryPrice, `${path}.entryPrice`),
    exposureBps: finite(message.exposureBps, `${path}.exposureBps`),
    drawdownBps: notNegative(message.drawdownBps, `${path}.drawdownBps`),
    openOrders: count(message.openOrders, `${path}.openOrders`),
  };
}

function newsToCore(message: NewsMessage, path: string): NewsDigest {
  return {
    items: count(message.items, `${path}.items`),
    newsSentiment: sentiment(message.newsSentiment, `${path}.newsSentiment`),
    socialSentiment: sentiment(message.socialSentiment, `${path}.socialSentiment`),
    marketCapChange: finiteOrNull(message.marketCapChange, `${path}.marketCapChange`),
  };
}

function sentiment(value: number | undefined, path: string): number | null {
  const number = finiteOrNull(value, path);
  if (number !== null && Math.abs(number) > 1) throw invalid(path, 'from -1 to 1');
  return number;
}

function forecastToCore(message: ForecastMessage, path: string): Forecast {
  const forecast: Forecast = {
    model: hash(message.model, `${path}.model`),
    buyBp: basisPoints(message.buyBp, `${path}.buyBp`),
    sellBp: basisPoints(message.sellBp, `${path}.sellBp`),
    holdBp: basisPoints(message.holdBp, `${path}.holdBp`),
    confidenceBp: basisPoints(message.confidenceBp, `${path}.confidenceBp`),
    magnitudeBps: whole(message.magnitudeBps, `${path}.magnitudeBps`, [0, MOST_FORECAST_BPS]),
    riskBps: whole(message.riskBps, `${path}.riskBps`, [0, MOST_FORECAST_BPS]),
    worthBp: basisPoints(message.worthBp, `${path}.worthBp`),
  };
  const sum = forecast.buyBp + forecast.sellBp + forecast.holdBp;
  if (sum !== WHOLE_BP) throw invalid(path, 'buyBp, sellBp and holdBp that sum to 10,000');
  return forecast;
}

/** A field that is set, or left out when its source is absent. */
function known<K extends string>(name: K, value: number | null): { readonly [P in K]?: number } {
  return value === null ? {} : ({ [name]: value } as { readonly [P in K]?: number });
}
