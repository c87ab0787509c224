import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { type Forecaster, Unforetold } from '../adapters/bus/forecaster.ts';
import {
  type ForetoldClose,
  foretell,
  recordForetold,
  withForecast,
} from '../adapters/models/foretell.ts';
import { type Series, storeCandles } from '../adapters/store/candles.ts';
import { newestMotion, recordMotions, type StoredMotion } from '../adapters/store/motions.ts';
import type { Database } from '../adapters/store/schema.ts';
import { takeSnapshots } from '../adapters/store/snapshots.ts';
import type { VenuePort } from '../adapters/venue/port.ts';
import { SNAPSHOT_CANDLES } from '../core/assistants/freeze.ts';
import { type Anomaly, anomaly, DETECTOR_VERSION } from '../core/assistants/market-monitor.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import { FeatureEngine } from '../core/features/engine.ts';
import type { Reading } from '../core/features/reading.ts';
import { hashOf } from '../core/hash.ts';
import { eventId } from '../core/identity.ts';
import { type Candle, TIMEFRAMES } from '../core/market/candle.ts';
import { debateIdOf, docketCard, docketInput } from '../proto/docket-start.ts';
import { SCAN_TIMEFRAME, type ScanInput, type ScanOutcome } from '../proto/scan.ts';

export interface ScanDependencies {
  readonly db: Kysely<Database>;
  readonly venue: VenuePort;
  /** Asks the models in service. */
  readonly forecast: Forecaster;
  readonly log: Logger;
}

/** Candles read at each look: enough for every indicator to be warm and settled. */
const CANDLES = 300;
const MINUTE_MS = TIMEFRAMES[SCAN_TIMEFRAME];
/** Older than this the newest candle says nothing about now (SAFETY 4.7: two intervals). */
const STALE_MS = 2 * MINUTE_MS;
/** A live market does not wait for its models any longer. */
const FORETELL_MS = 2_000;

export type ScanActivities = ReturnType<typeof createScanActivities>;

/** The one step of a market scan. Repeating it puts nothing twice: a motion has an id, and a
 * close one. */
export function createScanActivities({ db, venue, forecast, log }: ScanDependencies) {
  return {
    /** Reads the exchange's newest closed minutes and, when the last of them is out of the
     * ordinary, records the motion, its facts frozen, and says how its debate is started.
     * Throws `VenueError` when the exchange does not answer, a `RangeError` on a candle that is
     * none. */
    async scanMarket(input: ScanInput): Promise<ScanOutcome> {
      const { venue: at, exchange, symbol } = input;
      const known = await newestMotion(db, { venue: at, symbol });
      if (known !== null && isUnstarted(known)) {
        const why = 'an earlier look put a motion whose debate has not begun';
        return found(input, { why, snapshot: known.snapshot, debateId: known.debateId });
      }
      const asked = { exchange, symbol, timeframe: SCAN_TIMEFRAME, limit: CANDLES } as const;
      const nowMs = Date.now();
      const rows = await venue.klines(asked);
      const candles = rows.filter((candle) => candle.closeTimeMs < nowMs);
      const last = candles.at(-1);
      if (last === undefined) return { kind: 'quiet', why: 'the exchange has no closed minute' };
      const ageMs = nowMs - last.closeTimeMs;
      if (ageMs > STALE_MS) {
        const ago = `${Math.round(ageMs / 1000)} s ago`;
        return { kind: 'quiet', why: `the newest minute closed ${ago}: nothing to say of now` };
      }
      const seen = candles.slice(-SNAPSHOT_CANDLES);
      // An answer to a question about this motion is judged against the candles on record.
      await storeCandles(db, { venue: at, symbol, timeframe: SCAN_TIMEFRAME, candles: seen });
      const look = fold(candles);
      const kind = anomaly(look.reading, look.previous, {
        candlesSinceMotion: minutesSince(known, last),
        close: last.close,
        entryPrice: null,
      });
      if (kind === null) return { kind: 'quiet', why: quietText(look.reading, known, last) };
      const seenNow = { kind, candles, reading: look.reading };
      const put = await record({ db, forecast, log }, input, seenNow);
      if (put === null) return { kind: 'quiet', why: 'the driver put this close already' };
      log.info({ symbol, exchange, trigger: kind, debateId: put.debateId }, 'scan put a motion');
      return found(input, { ...put, why: `${kind} at ${last.close}` });
    },
  };
}

/** Recorded by a look whose worker died before the debate began. The driver's own motions wait
 * for the driver. */
function isUnstarted({ startedAt, snapshot }: StoredMotion): boolean {
  return startedAt === null && snapshot.timeframe === SCAN_TIMEFRAME && isAnomaly(snapshot);
}

function isAnomaly({ trigger }: Snapshot): boolean {
  return trigger === 'price_move' || trigger === 'volume_surge';
}

function fold(candles: readonly Candle[]): { reading: Reading; previous: Reading | null } {
  const engine = new FeatureEngine({ timeframe: SCAN_TIMEFRAME });
  const readings = candles.map((candle) => engine.push(candle));
  const reading = readings.at(-1);
  if (reading === undefined) throw new RangeError('candles must not be empty');
  return { reading, previous: readings.at(-2) ?? null };
}

/** Minutes from the newest motion about the symbol, whatever put it, to this close. */
function minutesSince(known: StoredMotion | null, last: Candle): number | null {
  if (known === null) return null;
  return Math.floor((last.closeTimeMs - known.snapshot.closeTimeMs) / MINUTE_MS);
}

function quietText(reading: Reading, known: StoredMotion | null, last: Candle): string {
  if (!reading.warm) return `${reading.candlesSeen} minutes are too few to judge by`;
  const { change3, volumeRatio } = reading.indicators;
  const percent = change3 === null ? '—' : `${(change3 * 100).toFixed(2)} %`;
  const since = minutesSince(known, last);
  const before = since === null ? '' : `, last motion ${since} minutes before`;
  const times = volumeRatio?.toFixed(1) ?? '—';
  return `three minutes moved it ${percent} on ${times} times the usual volume${before}`;
}

interface Put {
  readonly snapshot: Snapshot;
  readonly debateId: string;
}

/** Freezes and records the motion; `null` when another stands at this close. */
async function record(
  deps: Pick<ScanDependencies, 'db' | 'forecast' | 'log'>,
  { venue, symbol }: ScanInput,
  seen: { readonly kind: Anomaly; readonly candles: readonly Candle[]; readonly reading: Reading },
): Promise<Put | null> {
  const { db } = deps;
  const timeframe = SCAN_TIMEFRAME;
  const closeTimeMs = seen.candles.at(-1)?.closeTimeMs ?? 0;
  const market = { venue, symbol, timeframe };
  const detectorVersion = DETECTOR_VERSION;
  const id = eventId({ ...market, kind: seen.kind, closeTimeMs, detectorVersion });
  const { kind: trigger, candles, reading } = seen;
  const foretold = await askModels(deps, { ...market, reading });
  const facts = { symbol, timeframe, eventId: id, trigger, candles, reading, news: null };
  const [snapshot] = await takeSnapshots(db, venue, [withForecast(facts, foretold)]);
  if (snapshot === undefined) return null;
  const hash = hashOf([id]);
  const debateId = debateIdOf({ closeTimeMs, timeframe, symbols: [symbol], hash });
  const { superseded } = await recordMotions(db, [{ debateId, detectorVersion, snapshot }]);
  if (superseded.length > 0) return null;
  await recordForetold(db, [snapshot], foretold);
  return { snapshot, debateId };
}

/** What the models make of it; nothing when they do not answer in time. */
async function askModels(
  { db, forecast, log }: Pick<ScanDependencies, 'db' | 'forecast' | 'log'>,
  { venue, timeframe, ...question }: Series & { readonly reading: Reading },
): Promise<ForetoldClose> {
  const asking = { db, forecast, patience: { limitMs: FORETELL_MS } };
  try {
    const foretold = await foretell(asking, { venue, timeframe, questions: [question] });
    const { refused = [] } = foretold.get(question.symbol) ?? {};
    for (const one of refused) log.warn(one, 'a model does not serve');
    return foretold;
  } catch (error) {
    if (!(error instanceof Unforetold)) throw error;
    log.warn({ err: error, symbol: question.symbol }, 'the models were not asked');
    return new Map();
  }
}

function found(input: ScanInput, { why, snapshot, debateId }: Put & { readonly why: string }) {
  const docket = {
    debateId,
    venue: input.venue,
    timeframe: snapshot.timeframe,
    closeTimeMs: snapshot.closeTimeMs,
    clock: 'live',
    snapshots: [snapshot],
  } as const;
  const card = docketCard(docket);
  return { kind: 'motion', why, docket: docketInput(docket, input.namespace), card } as const;
}
