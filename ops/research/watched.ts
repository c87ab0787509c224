import { ACTIONS } from '../../core/assistants/speech.ts';
import type { Decision, MarketView, Strategy } from '../../core/backtest/strategy.ts';
import { CorroError } from '../../proto/errors.ts';

export interface WatchedOptions {
  /** Until candles that open here a strategy only learns: what it says is dropped. */
  readonly tradesFromMs?: number;
  /** Told now and then how many candles it was shown. */
  readonly progress?: (candles: number) => void;
}

const TELL_EVERY = 2_048;

/** A strategy under supervision: what it throws names it and the close, and what it says is looked
 * at before an account believes it. */
export function watched(strategy: Strategy, options: WatchedOptions = {}): Strategy {
  const { tradesFromMs = Number.NEGATIVE_INFINITY, progress } = options;
  let shown = 0;
  let told = 0;
  return {
    name: strategy.name,
    version: strategy.version,
    warmup: strategy.warmup,
    parameters: strategy.parameters,
    decide: (closed, books) => {
      shown += closed.length;
      if (progress !== undefined && shown - told >= TELL_EVERY) {
        told = shown;
        progress(shown);
      }
      const decisions = attempt(strategy, closed, () => strategy.decide(closed, books));
      for (const decision of decisions) expectSound(strategy, decision, closed);
      return (closed[0]?.candle.openTimeMs ?? 0) < tradesFromMs ? [] : decisions;
    },
  };
}

function attempt<T>(strategy: Strategy, closed: readonly MarketView[], act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof CorroError) throw error;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const detail = `strategy ${strategy.name} threw at ${placeOf(closed)}: ${why}`;
    throw new CorroError('failed', detail, { cause: error });
  }
}

function expectSound(strategy: Strategy, decision: Decision, closed: readonly MarketView[]): void {
  const fault = faultOf(decision, closed);
  if (fault === null) return;
  throw new CorroError('failed', `strategy ${strategy.name} at ${placeOf(closed)}: ${fault}`);
}

function faultOf(decision: Decision, closed: readonly MarketView[]): string | null {
  const { symbol, closeTimeMs, action, confidenceBp, stance } = decision;
  const view = closed.find(({ instrument }) => instrument.symbol === symbol);
  if (view === undefined) return `symbol must be one that closed, was ${symbol}`;
  if (closeTimeMs !== view.candle.closeTimeMs) {
    return `closeTimeMs must be ${view.candle.closeTimeMs}, was ${closeTimeMs}`;
  }
  if (!ACTIONS.includes(action)) return `action must be ${ACTIONS.join(', ')}, was ${action}`;
  if (!isShare(confidenceBp)) return `confidenceBp must be 0 to 10000, was ${confidenceBp}`;
  if (stance === null) return null;
  const { buyBp, sellBp, holdBp } = stance;
  const sound = [buyBp, sellBp, holdBp].every(isShare) && buyBp + sellBp + holdBp === 10_000;
  return sound ? null : `stance must sum to 10000, was ${buyBp}, ${sellBp}, ${holdBp}`;
}

function isShare(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 10_000;
}

function placeOf(closed: readonly MarketView[]): string {
  const [first] = closed;
  if (first === undefined) return 'no close';
  const more = closed.length > 1 ? ` and ${closed.length - 1} more` : '';
  return `${first.instrument.symbol}${more}, ${new Date(first.candle.closeTimeMs).toISOString()}`;
}
