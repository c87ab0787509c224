import { clamp } from '../../assistants/figures.ts';
import type { Action, Stance } from '../../assistants/speech.ts';
import type { BooksAtClose, Decision, MarketView, Strategy } from '../strategy.ts';

/** What a rule sees in one market at one close. */
export interface Sight {
  /** -1 (be out of it) … 1 (be in it). */
  readonly lean: number;
  /** How sure, 0 … 1; left out: by the size of the lean. */
  readonly sure?: number;
  readonly stance?: Stance;
}

/** How far a lean must go before a position is opened, and how far back before it is closed. */
export interface Thresholds {
  /** Buy from this lean on, while flat. */
  readonly enter: number;
  /** Sell from this lean on downwards, while holding; below `enter`. */
  readonly leave: number;
}

export interface Rule
  extends Pick<Strategy, 'name' | 'version' | 'warmup' | 'reads' | 'parameters'> {
  readonly thresholds: Thresholds;
  /** What it says beside the number, one fixed line for each side. */
  readonly says: Readonly<Record<'BUY' | 'SELL', string>>;
  /** `null`: it cannot tell. */
  sight(view: MarketView): Sight | null;
}

/** A strategy from a rule: asked at every close of a market whose features are warm, it buys only
 * while flat and sells only while holding, and has nothing to say otherwise. */
export function ruleStrategy(rule: Rule): Strategy {
  const { name, version, warmup, reads, parameters } = rule;
  return {
    name,
    version,
    warmup,
    ...(reads === undefined ? {} : { reads }),
    parameters,
    decide: (closed, books) => {
      let decisions: Decision[] | null = null;
      for (const view of closed) {
        const decision = view.reading.warm ? decisionIn(rule, view, books) : null;
        if (decision !== null) (decisions ??= []).push(decision);
      }
      return decisions ?? NONE;
    },
  };
}

const NONE: readonly Decision[] = [];

function decisionIn(rule: Rule, view: MarketView, books: BooksAtClose): Decision | null {
  const sight = rule.sight(view);
  if (sight === null) return null;
  const { symbol } = view.instrument;
  const action = actionOn(sight.lean, rule.thresholds);
  if (action === 'HOLD') return null;
  const holding = books.entryPrice(symbol) !== null;
  if (holding !== (action === 'SELL')) return null;
  const { closeTimeMs } = view.candle;
  const confidenceBp = Math.round(10_000 * clamp(sight.sure ?? Math.abs(sight.lean), 0, 1));
  const why = rule.says[action];
  const followUp = { kind: 'order', side: action } as const;
  return {
    ...{ symbol, closeTimeMs, action, confidenceBp, followUp, why },
    stance: sight.stance ?? null,
  };
}

function actionOn(lean: number, { enter, leave }: Thresholds): Action {
  if (lean >= enter) return 'BUY';
  return lean <= leave ? 'SELL' : 'HOLD';
}
