import { describe, expect, test } from 'vitest';
import type { OrderOutcome } from '../core/orders/leg.ts';
import { type RefusalCode, refusal } from '../core/risk/facts.ts';
import { sellOverStops } from './sale.ts';

const SOLD: OrderOutcome = {
  ...{ legId: 'a', state: 'filled', reason: 'sold', clientOrderId: 'o', attempts: 1 },
  ...{ quantity: '1', limitPrice: '1', executedQuantity: '1', averagePrice: '1', fees: [] },
};

/** A position whose guard puts its stop back so many times before a sale is sized. */
function guarded(putBack: number, why: RefusalCode = 'nothing_to_sell') {
  const recalled: string[] = [];
  let resting: string[] = ['stop-0'];
  let sales = 0;
  return {
    recalled,
    sales: () => sales,
    sell: () =>
      sellOverStops({
        resting: () => Promise.resolve(resting),
        recall: (id) => {
          recalled.push(id);
          resting = resting.filter((one) => one !== id);
          return Promise.resolve();
        },
        sell: () => {
          sales += 1;
          if (sales <= putBack) resting = [`stop-${sales}`];
          const refused = { ...SOLD, state: 'nothing', reason: refusal(why, 'x').text } as const;
          return Promise.resolve(resting.length > 0 || why === 'halted' ? refused : SOLD);
        },
      }),
  };
}

describe('sale over resting stops', () => {
  test.each(['nothing_to_sell', 'below_lot', 'below_minimum'] as const)(
    'a guard put its stop back and the sale heard %s - that one is taken back too',
    async (why) => {
      const position = guarded(2, why);
      expect(await position.sell()).toBe(SOLD);
      expect(position.recalled).toEqual(['stop-0', 'stop-1', 'stop-2']);
    },
  );

  test('any other refusal - is the last word', async () => {
    const position = guarded(1, 'halted');
    expect(await position.sell()).toMatchObject({ state: 'nothing' });
    expect(position.sales()).toBe(1);
  });

  test('a guard that never gives way - the sale ends', async () => {
    const position = guarded(1_000);
    expect(await position.sell()).toMatchObject({ state: 'nothing' });
    expect(position.sales()).toBe(4);
  });
});
