import type { Strategy } from '../../core/backtest/strategy.ts';
import type { ModelCard } from '../../core/models/contract.ts';

/** A model that was fitted on what it is judged on, or on what came later. */
export interface InSample {
  /** Strategies of this command that ask it: the judged one, and arms beside it. */
  readonly strategies: readonly string[];
  /** The last candle it was fitted on closed then. */
  readonly trainedToMs: number;
  /** The judged candles begin here, not after that. */
  readonly fromMs: number;
}

interface Asked {
  readonly model: { readonly hash: string; readonly card: ModelCard } | null;
  readonly runs: readonly { readonly strategy: Pick<Strategy, 'name' | 'parameters'> }[];
  /** First open of what is judged. */
  readonly fromMs: number;
}

/** Whether runs of a model are no test of it; `null`: they are, or none of them asked it. A model
 * of other markets counts as well: markets move together, so what one did tells of another. A run
 * that asked the model has its hash among its parameters. */
export function inSampleOf({ model, runs, fromMs }: Asked): InSample | null {
  if (model === null || model.card.data.toMs < fromMs) return null;
  const asking = runs
    .map(({ strategy }) => strategy)
    .filter(({ parameters }) => JSON.stringify(parameters).includes(model.hash));
  if (asking.length === 0) return null;
  const strategies = [...new Set(asking.map(({ name }) => name))];
  return { strategies, trainedToMs: model.card.data.toMs, fromMs };
}

/** The warning, as one sentence for people. */
export function inSampleText({ strategies, trainedToMs, fromMs }: InSample): string {
  const [from, to] = [fromMs, trainedToMs].map((timeMs) => new Date(timeMs).toISOString());
  return (
    `IN SAMPLE: the model that ${strategies.join(' and ')} asked was fitted on candles up to ` +
    `${to}, and what is judged here begins at ${from}. It has seen what came: up to then this ` +
    'is no test of it.'
  );
}
