import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg } from '@nats-io/transport-node';
import { FEATURE_HASH } from '../../core/features/vector.ts';
import { type Forecast, forecastOf } from '../../core/models/forecast.ts';
import { WireError } from '../../proto/errors.ts';
import {
  MOST_PREDICT_ROWS,
  type ModelAnswer,
  type PredictedRow,
  type PredictRefusalCode,
  type PredictRow,
  predictReply,
  predictRequest,
} from '../../proto/predict.ts';
import { PREDICT_VERB, type Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';

/** One market's reading at a close, and who is to be asked about it. */
export interface ForecastAsk {
  readonly symbol: string;
  /** In the order of the feature list. */
  readonly features: readonly (number | null)[];
  readonly champion: { readonly hash: string; readonly worthBp: number } | null;
  /** At most four. */
  readonly challengers: readonly string[];
}

/** What the models made of it. */
export interface Foretold {
  /** What was asked about. */
  readonly features: readonly (number | null)[];
  /** `null`: there is no champion, or it could not serve. */
  readonly champion: Forecast | null;
  readonly challengers: readonly Forecast[];
  readonly refused: readonly RefusedModel[];
}

export interface RefusedModel {
  readonly symbol: string;
  readonly model: string;
  readonly code: PredictRefusalCode;
  readonly why: string;
}

export interface ForecastPatience {
  /** How long to ask on while no host answers, or one cannot read a model for now. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
  /** Told once, when the first try brought nothing. */
  readonly onWait?: (error: Error) => void;
}

/** Asks the models about the readings of one close; the answer has every symbol that was asked.
 * Throws `Unforetold` when nobody answered within the patience, and the signal's reason. */
export type Forecaster = (
  asks: readonly ForecastAsk[],
  patience: ForecastPatience,
) => Promise<ReadonlyMap<string, Foretold>>;

/** Nobody answered in time. */
export class Unforetold extends Error {
  override readonly name = 'Unforetold';
}

/** A try waits so long at first, then twice as long each time: a host that is merely slow is not
 * given the same work again and again, and one that hangs is left for another. */
const TRY_MS = { first: 1_000, most: 10_000 };
const PAUSE_MS = { first: 25, most: 1_000 };

/** The asking side of the strategist's endpoint `predict`: one request a close. */
export function forecaster(bus: Bus, wire: Wire): Forecaster {
  return async (asks, patience) => {
    const wanted = asks.filter((ask) => modelsOf(ask).length > 0);
    const foretold = new Map<string, Foretold>();
    for (const ask of asks) foretold.set(ask.symbol, foretoldOf(ask, []));
    for (let at = 0; at < wanted.length; at += MOST_PREDICT_ROWS) {
      const some = wanted.slice(at, at + MOST_PREDICT_ROWS);
      const rows = await askUntilAnswered({ bus, wire, rows: some.map(rowOf) }, patience);
      some.forEach((ask, row) => {
        foretold.set(ask.symbol, foretoldOf(ask, rows[row]?.answers ?? []));
      });
    }
    return foretold;
  };
}

function modelsOf({ champion, challengers }: ForecastAsk): readonly string[] {
  return [...new Set([...(champion === null ? [] : [champion.hash]), ...challengers])];
}

function rowOf(ask: ForecastAsk): PredictRow {
  return { symbol: ask.symbol, features: ask.features, models: modelsOf(ask) };
}

function foretoldOf(ask: ForecastAsk, answers: readonly ModelAnswer[]): Foretold {
  const { symbol, features, champion } = ask;
  const told = answers.flatMap((one) => {
    if (!one.ok) return [];
    // A challenger's answer is weighed as if nothing had been taken from its vote.
    const worthBp = one.model === champion?.hash ? champion.worthBp : 10_000;
    return [forecastOf(one.prediction, one.model, worthBp)];
  });
  const refused = answers.flatMap((one) =>
    one.ok ? [] : [{ symbol, model: one.model, code: one.code, why: one.text }],
  );
  return {
    features,
    champion: told.find(({ model }) => model === champion?.hash) ?? null,
    challengers: told.filter(({ model }) => model !== champion?.hash),
    refused,
  };
}

interface Question {
  readonly bus: Bus;
  readonly wire: Wire;
  readonly rows: readonly PredictRow[];
}

async function askUntilAnswered(
  question: Question,
  { limitMs, signal, onWait }: ForecastPatience,
): Promise<readonly PredictedRow[]> {
  const giveUpAt = performance.now() + limitMs;
  let partial: readonly PredictedRow[] | null = null;
  for (let attempt = 0; ; attempt += 1) {
    const leftMs = giveUpAt - performance.now();
    signal?.throwIfAborted();
    const tryMs = Math.min(TRY_MS.first * 2 ** Math.min(attempt, 10), TRY_MS.most, leftMs);
    let why: unknown = new Error('a model cannot be read for now');
    try {
      const rows = await askOnce(question, Math.max(1, tryMs), signal);
      if (!rows.some(({ answers }) => answers.some(isPassing))) return rows;
      partial = rows;
    } catch (error) {
      signal?.throwIfAborted();
      why = error;
    }
    if (attempt === 0) onWait?.(why instanceof Error ? why : new Error(String(why)));
    const pauseMs = Math.min(PAUSE_MS.first * 2 ** Math.min(attempt, 10), PAUSE_MS.most);
    if (performance.now() + pauseMs >= giveUpAt) {
      if (partial !== null) return partial;
      const text = `no host of the strategist answered in ${limitMs} ms: ${textOf(why)}`;
      throw new Unforetold(text, { cause: why });
    }
    await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
  }
}

function isPassing(answer: ModelAnswer): boolean {
  return !answer.ok && answer.code === 'unavailable';
}

async function askOnce(
  { bus, wire, rows }: Question,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<readonly PredictedRow[]> {
  const deadline = AbortSignal.timeout(Math.ceil(timeoutMs));
  await bus.link.whenUp(signal === undefined ? deadline : AbortSignal.any([deadline, signal]));
  const subject = wire.assistant('strategist', PREDICT_VERB);
  const bytes = predictRequest.encode({ featureHash: FEATURE_HASH, rows });
  const to = { noMux: true, reply: bus.inbox(PREDICT_VERB) } as const;
  const timeout = Math.ceil(timeoutMs);
  const asked = bus.connection.request(subject, bytes, { ...to, timeout });
  const reply: Msg = await bus.link.guard(asked);
  const fault = reply.headers?.get('Nats-Service-Error');
  if (fault) throw new Error(`the strategist's host could not answer: ${fault}`);
  const answered = predictReply.decode(reply.data);
  checkAnswers(rows, answered);
  return answered;
}

/** An answer is used for what was asked, and for nothing else. */
function checkAnswers(asked: readonly PredictRow[], answered: readonly PredictedRow[]): void {
  const same = asked.every(({ symbol, models }, row) => {
    const { symbol: name, answers = [] } = answered[row] ?? {};
    const inOrder = models.every((model, at) => answers[at]?.model === model);
    return name === symbol && answers.length === models.length && inOrder;
  });
  if (same && answered.length === asked.length) return;
  throw new WireError('wire_mismatch', 'rows', 'answers to what was asked');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
