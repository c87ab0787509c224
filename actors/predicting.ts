import type { MicroEndpoint } from '../adapters/bus/micro.ts';
import { type Model, predictRows, rowOf } from '../adapters/models/model.ts';
import type { ModelShelf } from '../adapters/models/shelf.ts';
import { UnknownError } from '../adapters/store/unknown.ts';
import { FEATURE_HASH } from '../core/features/vector.ts';
import type { Prediction } from '../core/models/contract.ts';
import { CorroError } from '../proto/errors.ts';
import {
  type ModelAnswer,
  type PredictedRow,
  type PredictRequest,
  predictReply,
  predictRequest,
} from '../proto/predict.ts';
import { PREDICT_VERB, type Wire } from '../proto/subjects.ts';

export interface PredictingOptions {
  readonly wire: Wire;
  readonly shelf: ModelShelf;
  /** Told when a model's bytes could not be read for now. */
  readonly unavailable: (reason: string) => void;
}

/** The strategist's endpoint that answers what named models make of a close's readings. Whoever
 * asks names the models, so whichever host answers, and whatever is promoted meanwhile, the answer
 * is the same. */
export function predictEndpoint({ wire, shelf, unavailable }: PredictingOptions): MicroEndpoint {
  return {
    name: PREDICT_VERB,
    subject: wire.assistant('strategist', PREDICT_VERB),
    handle: async ({ data }) => {
      const request = predictRequest.decode(data);
      return predictReply.encode(await predictAll(shelf, request, unavailable));
    },
  };
}

/** Every model is asked once, for all of its rows. What one of them cannot answer is a refusal in
 * its place, and takes nothing from the others. */
export async function predictAll(
  shelf: ModelShelf,
  { featureHash, rows }: PredictRequest,
  unavailable: (reason: string) => void = () => undefined,
): Promise<readonly PredictedRow[]> {
  const other = featureHash !== FEATURE_HASH;
  const answers = new Map<string, readonly Answered[]>();
  const askers = [...rowsByModel(rows)].map(async ([model, mine]) => {
    if (other) return void answers.set(model, mine.map(otherFeatures));
    answers.set(model, await askModel(shelf, { model, rows: mine, unavailable }));
  });
  await Promise.all(askers);
  return rows.map(({ symbol, models }, at) => ({
    symbol,
    answers: models.map((model): ModelAnswer => {
      const mine = answers.get(model)?.find(({ row }) => row === at);
      if (mine === undefined) throw new Error(`no answer of ${model} to row ${at}`);
      return { model, ...mine.answer };
    }),
  }));
}

type Unsigned<T> = T extends unknown ? Omit<T, 'model'> : never;

interface AskedRow {
  /** Its place in the request. */
  readonly row: number;
  readonly features: readonly (number | null)[];
}

interface Answered {
  readonly row: number;
  readonly answer: Unsigned<ModelAnswer>;
}

function rowsByModel(rows: PredictRequest['rows']): ReadonlyMap<string, readonly AskedRow[]> {
  const byModel = new Map<string, AskedRow[]>();
  rows.forEach(({ features, models }, row) => {
    for (const model of models) {
      const mine = byModel.get(model) ?? [];
      byModel.set(model, mine);
      mine.push({ row, features });
    }
  });
  return byModel;
}

function otherFeatures({ row }: AskedRow): Answered {
  const text = `this host computes features ${FEATURE_HASH.slice(0, 12)}`;
  return { row, answer: { ok: false, code: 'other_features', text } };
}

async function askModel(
  shelf: ModelShelf,
  asked: {
    readonly model: string;
    readonly rows: readonly AskedRow[];
    readonly unavailable: (reason: string) => void;
  },
): Promise<readonly Answered[]> {
  const { model: hash, rows, unavailable } = asked;
  try {
    return await shelf.use(hash, async (model) => {
      const answers: Answered[] = [];
      for (const { row, features } of rows)
        answers.push({ row, answer: await ask(model, features) });
      return answers;
    });
  } catch (error) {
    const answer = refusalOf(error, unavailable);
    return rows.map(({ row }) => ({ row, answer }));
  }
}

async function ask(
  model: Model,
  features: readonly (number | null)[],
): Promise<Unsigned<ModelAnswer>> {
  try {
    const [prediction] = (await predictRows(model, rowOf(features))) as [Prediction];
    return { ok: true, prediction };
  } catch (error) {
    if (error instanceof CorroError) return refusalOf(error);
    throw error;
  }
}

function refusalOf(
  error: unknown,
  unavailable: (reason: string) => void = () => undefined,
): Unsigned<ModelAnswer> {
  if (error instanceof CorroError && error.code === 'bad_model') {
    return { ok: false, code: 'bad_model', text: error.message };
  }
  if (error instanceof UnknownError) {
    return { ok: false, code: 'unknown_model', text: 'nothing is kept under this hash' };
  }
  // What a server says of itself is for our own log.
  unavailable(error instanceof Error ? error.message : String(error));
  return { ok: false, code: 'unavailable', text: 'it cannot be read for now' };
}
