import { expect, test } from 'vitest';
import type { OrderOutcome } from '../../core/orders/leg.ts';
import type { DecisionOutcome, DocketResult } from '../../proto/docket.ts';
import { DocketCounter } from './counts.ts';

type Given = Pick<DecisionOutcome, 'verdict' | 'action' | 'followUp' | 'order'>;

function docket(contested: readonly string[], ...given: readonly Given[]): DocketResult {
  const ids = { decisionId: 'd', userId: 'u', username: 'ana', eventId: 'e' };
  const decisions = given.map((one) => ({ ...ids, symbol: 'BTC/USDT', confidenceBp: 1, ...one }));
  return { debateId: 'debate', rounds: 1, contested, decisions };
}

const stands: Given = {
  verdict: 'no_consensus',
  action: 'HOLD',
  followUp: { kind: 'nothing', why: 'neither side leads' },
  order: null,
};

function ordered(state: OrderOutcome['state'], reason: string): Given {
  return {
    verdict: 'consensus',
    action: 'BUY',
    followUp: { kind: 'order', order: {} as never },
    order: { state, reason } as OrderOutcome,
  };
}

test('counts - nothing yet is zeros', () => {
  expect(new DocketCounter().counts()).toEqual({
    debates: 0,
    contested: 0,
    decisions: 0,
    verdicts: {},
    actions: {},
    whyNoTrade: {},
  });
});

test('counts - every decision by verdict and action, those without a trade by reason', () => {
  const counter = new DocketCounter();
  counter.add(docket(['BTC/USDT', 'ETH/USDT'], stands, ordered('filled', 'BUY 1 at 2')));
  counter.add(docket([], ordered('nothing', 'too small: 3 is below 5'), stands));
  expect(counter.decisions).toBe(4);
  expect(counter.counts()).toEqual({
    debates: 2,
    contested: 2,
    decisions: 4,
    verdicts: { no_consensus: 2, consensus: 2 },
    actions: { HOLD: 2, BUY: 2 },
    whyNoTrade: { 'neither side leads': 2, 'risk check: too small': 1 },
  });
});
