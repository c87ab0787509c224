import { ACTIONS, type Stance } from '../assistants/speech.ts';
import type { BooksAtClose, Decision, MarketView, Strategy } from './strategy.ts';

/** A strategy that threw, or said what no strategy may say: the run ends there. */
export class StrategyFault extends Error {
  override readonly name = 'StrategyFault';
  readonly strategy: string;
  /** The market it was about; several, where it spoke of none. */
  readonly symbols: readonly string[];
  /** Close of the candle, Unix milliseconds. */
  readonly closeTimeMs: number;
  readonly fault: string;

  constructor(
    at: {
      readonly strategy: string;
      readonly symbols: readonly string[];
      readonly closeTimeMs: number;
    },
    fault: string,
    options: ErrorOptions = {},
  ) {
    const named = at.symbols.length > 3 ? [...at.symbols.slice(0, 3), '…'] : at.symbols;
    const when = new Date(at.closeTimeMs).toISOString();
    const where = `strategy ${at.strategy}, ${named.join(', ')}, candle closed at ${when}`;
    super(`${where}: ${fault}`, options);
    this.strategy = at.strategy;
    this.symbols = at.symbols;
    this.closeTimeMs = at.closeTimeMs;
    this.fault = fault;
  }
}

/** One market that closed, and what was decided about it. */
export interface Decided<View extends MarketView = MarketView> {
  readonly view: View;
  readonly decision: Decision;
}

/** Calls a strategy's `decide` and holds its answer against the contract: markets that closed, in
 * their order and once each, numbers that are numbers. Throws a `StrategyFault`. */
export function decisionsOf<View extends MarketView>(
  strategy: Strategy,
  closed: readonly View[],
  books: BooksAtClose,
): readonly Decided<View>[] {
  const decisions = answerOf(strategy, closed, books);
  if (decisions.length === 0) return NONE;
  const decided: Decided<View>[] = [];
  let from = 0;
  for (const decision of decisions) {
    const { symbol } = decision;
    while (from < closed.length && closed[from]?.instrument.symbol !== symbol) from += 1;
    const view = closed[from];
    const fault = view === undefined ? NOT_CLOSED : faultIn(decision, view);
    if (view === undefined || fault !== null) {
      throw new StrategyFault(placeOf(strategy, closed, symbol), fault ?? NOT_CLOSED);
    }
    from += 1;
    decided.push({ view, decision });
  }
  return decided;
}

const NONE: readonly never[] = [];
const NOT_CLOSED = 'decided about it although it did not close now, or twice, or out of turn';

function answerOf(
  strategy: Strategy,
  closed: readonly MarketView[],
  books: BooksAtClose,
): readonly Decision[] {
  try {
    return strategy.decide(closed, books);
  } catch (error) {
    const symbols = closed.map(({ instrument }) => instrument.symbol);
    const said = error instanceof Error ? error.message : String(error);
    const at = { strategy: strategy.name, symbols, closeTimeMs: timeOf(closed) };
    throw new StrategyFault(at, `threw: ${said}`, { cause: error });
  }
}

function placeOf(strategy: Strategy, closed: readonly MarketView[], symbol: unknown) {
  return { strategy: strategy.name, symbols: [String(symbol)], closeTimeMs: timeOf(closed) };
}

function timeOf(closed: readonly MarketView[]): number {
  return closed[0]?.candle.closeTimeMs ?? 0;
}

/** What is wrong with one decision; `null` when nothing is. */
function faultIn(decision: Decision, { candle }: MarketView): string | null {
  const { closeTimeMs, action, confidenceBp, followUp, stance } = decision;
  if (closeTimeMs !== candle.closeTimeMs) {
    return `closeTimeMs must be ${candle.closeTimeMs}, was ${closeTimeMs}`;
  }
  if (!ACTIONS.includes(action)) return `action must be BUY, SELL or HOLD, was ${action}`;
  if (!isBp(confidenceBp)) {
    return `confidenceBp must be a whole number from 0 to 10000, was ${confidenceBp}`;
  }
  if (stance !== null && !isStance(stance)) {
    const { buyBp, sellBp, holdBp } = stance;
    return `stance must be whole numbers that sum to 10000, was ${buyBp}, ${sellBp}, ${holdBp}`;
  }
  if (followUp.kind !== 'nothing' && followUp.side !== 'BUY' && followUp.side !== 'SELL') {
    return `side must be BUY or SELL, was ${String(followUp.side)}`;
  }
  return null;
}

function isBp(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 10_000;
}

function isStance({ buyBp, sellBp, holdBp }: Stance): boolean {
  return isBp(buyBp) && isBp(sellBp) && isBp(holdBp) && buyBp + sellBp + holdBp === 10_000;
}
