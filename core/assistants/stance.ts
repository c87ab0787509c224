import { allocate } from '../debate/shares.ts';
import { clamp } from './figures.ts';
import type { Impression } from './senses/sense.ts';
import type { Action, Stance } from './speech.ts';

/** The share a stance gives one action, basis points. */
export function shareOf({ buyBp, sellBp, holdBp }: Stance, action: Action): number {
  if (action === 'BUY') return buyBp;
  return action === 'SELL' ? sellBp : holdBp;
}

/** The action with strictly the largest share; `null` on a tie. */
export function topAction({ buyBp, sellBp, holdBp }: Stance): Action | null {
  if (buyBp > sellBp && buyBp > holdBp) return 'BUY';
  if (sellBp > buyBp && sellBp > holdBp) return 'SELL';
  return holdBp > buyBp && holdBp > sellBp ? 'HOLD' : null;
}

/** One impression with the weight an assistant gives it. */
export interface Weighed {
  readonly weight: number;
  readonly impression: Impression;
}

/** How sure a complete, undivided view is at most, and one that is evenly split. */
export const SPLIT_CONFIDENCE = 0.25;

/** The stance that weighed impressions make: each spreads its weight over buying, selling and
 * waiting by lean and caution. With no impressions: HOLD. */
export function stanceOf(weighed: readonly Weighed[]): Stance {
  let [buy, sell, hold] = [0, 0, 0];
  for (const { weight, impression } of weighed) {
    buy += weight * Math.max(0, impression.lean);
    sell += weight * Math.max(0, -impression.lean);
    hold += weight * impression.caution;
  }
  const [buyBp = 0, sellBp = 0, holdBp = 0] = allocate([
    Math.round(buy * 1_000_000),
    Math.round(sell * 1_000_000),
    Math.round(hold * 1_000_000),
  ]);
  return buyBp + sellBp + holdBp === 0
    ? { buyBp: 0, sellBp: 0, holdBp: 10_000 }
    : { buyBp, sellBp, holdBp };
}

/** How sure: by how far the first action leads the second, times how much of what the assistant
 * watches could be read at all (`coverage`, 0 … 1). Basis points. */
export function confidenceOf(stance: Stance, coverage: number): number {
  const { buyBp, sellBp, holdBp } = stance;
  const first = Math.max(buyBp, sellBp, holdBp);
  const second = buyBp + sellBp + holdBp - first - Math.min(buyBp, sellBp, holdBp);
  const lead = (first - second) / 10_000;
  const sure = SPLIT_CONFIDENCE + (1 - SPLIT_CONFIDENCE) * lead;
  return Math.round(10_000 * sure * clamp(coverage, 0, 1));
}

/** How much an impression speaks for an action. */
export function supportFor(action: Action, { lean, caution }: Impression): number {
  switch (action) {
    case 'BUY':
      return Math.max(0, lean);
    case 'SELL':
      return Math.max(0, -lean);
    case 'HOLD':
      return caution;
  }
}

/** How far two stances are apart: 0 … 10,000. */
export function distance(one: Stance, other: Stance): number {
  const buy = Math.abs(one.buyBp - other.buyBp);
  const sell = Math.abs(one.sellBp - other.sellBp);
  return (buy + sell + Math.abs(one.holdBp - other.holdBp)) / 2;
}
