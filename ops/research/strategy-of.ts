import type { Model } from '../../adapters/models/model.ts';
import type { MarketSeries } from '../../core/backtest/series.ts';
import {
  type Ingredients,
  type Listed,
  makeStrategy,
  STRATEGIES,
} from '../../core/backtest/strategies/list.ts';
import type { Gear, Strategy } from '../../core/backtest/strategy.ts';
import { ConfigError } from '../../core/debate/user-config.ts';
import { outcomeTerms } from '../../core/judgement/outcome.ts';
import type { Predictions } from '../../core/models/contract.ts';
import { DEFAULT_CONDITIONS } from '../../core/venue/conditions.ts';
import { CorroError } from '../../proto/errors.ts';
import type { ParameterSet } from './grid.ts';
import type { AccountRequest } from './terms.ts';

/** A strategy by name. It crosses threads. */
export interface StrategyRequest {
  readonly name: string;
  readonly parameters: ParameterSet;
  /** Path of a model file (ONNX), for those that ask one. */
  readonly model?: string;
}

export interface StrategyTerms {
  readonly gear: Gear;
  readonly account: AccountRequest;
}

/** Makes a strategy for one run over these very series: a model is asked about each of their
 * candles before. Throws `ConfigError` and `bad_model`. */
export async function strategyFor(
  { name, parameters, model }: StrategyRequest,
  series: readonly MarketSeries[],
  terms: StrategyTerms,
): Promise<Strategy> {
  const ingredients = ingredientsOf(terms);
  if (model === undefined) return makeStrategy(name, parameters, ingredients);
  const { predictSeries } = await import('../../adapters/models/predict-series.ts');
  const predictions = await predictSeries(await modelAt(model), series);
  return makeStrategy(name, parameters, { ...ingredients, predictions });
}

/** Name, version and parameters a request would run with, or why it would not. Throws
 * `bad_model`. */
export async function describeStrategy(
  { name, parameters, model }: StrategyRequest,
  account: AccountRequest,
): Promise<Pick<Strategy, 'name' | 'version' | 'parameters' | 'warmup'> | { refused: string }> {
  const ingredients = ingredientsOf({ gear: 'lean', account });
  const unasked = model === undefined ? {} : { predictions: unaskedOf(await modelAt(model)) };
  try {
    return makeStrategy(name, parameters, { ...ingredients, ...unasked });
  } catch (error) {
    if (error instanceof ConfigError) return { refused: error.message };
    throw error;
  }
}

function ingredientsOf({ gear, account }: StrategyTerms): Ingredients {
  return { gear, outcomes: outcomeTerms({ ...DEFAULT_CONDITIONS, ...account.conditions }) };
}

const MODELS = new Map<string, Promise<Model>>();

/** A model is loaded once a thread, and only by who asks for one: its runtime is large. */
function modelAt(path: string): Promise<Model> {
  const known = MODELS.get(path) ?? loadAt(path);
  MODELS.set(path, known);
  return known;
}

async function loadAt(path: string): Promise<Model> {
  const { loadModel } = await import('../../adapters/models/load.ts');
  return loadModel(path);
}

/** What a command's model says of itself; `null` without one. Throws `bad_model`. */
export async function modelNamed(path: string | undefined): Promise<Predictions['model'] | null> {
  if (path === undefined) return null;
  const { hash, card } = await modelAt(path);
  return { hash, card };
}

/** A model's name without its answers. */
function unaskedOf({ hash, card }: Model): Predictions {
  return { model: { hash, card }, at: () => null };
}

/** What is known of a strategy by its name. Throws `usage`. */
export function listedAs(name: string): Listed {
  const listed = STRATEGIES.find((one) => one.name === name);
  if (listed !== undefined) return listed;
  const known = STRATEGIES.map((one) => one.name).join(', ');
  throw new CorroError('usage', `--strategy must be one of ${known}, was ${name}`);
}

/** Throws `usage` for a parameter the strategy does not have. */
export function expectParameters({ name, parameters }: Listed, given: readonly string[]): void {
  for (const field of given) {
    if (Object.hasOwn(parameters, field)) continue;
    const known = Object.keys(parameters).join(', ') || 'none: it has no parameters';
    throw new CorroError('usage', `parameters of ${name} are ${known}, was ${field}`);
  }
}
