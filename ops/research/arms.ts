import { STRATEGIES } from '../../core/backtest/strategies/list.ts';
import type { StrategyRequest } from './strategy-of.ts';

/** Every other way to trade, with its own defaults. The model that is given goes to all that ask
 * one; those that need one are left out where none is. Holding is made by the judgement itself. */
export function armsBeside(
  { name }: StrategyRequest,
  model: string | undefined,
): readonly StrategyRequest[] {
  return STRATEGIES.filter(
    (one) => one.name !== name && !(one.needsModel && model === undefined),
  ).map((one) => ({
    name: one.name,
    parameters: {},
    ...(one.asksModel && model !== undefined ? { model } : {}),
  }));
}
