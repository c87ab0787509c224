import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { Look, OrderActivities } from '../activities/orders.ts';
import type { OrderInput, OrderOutcome } from '../core/orders/leg.ts';
import { blindLook, notSent } from '../core/orders/slices.ts';
import { legRequest, pursueLeg } from './leg.ts';

/** A look is worth one try. */
const looks = proxyActivities<Pick<OrderActivities, 'lookAtBook'>>({
  startToCloseTimeout: '30s',
  heartbeatTimeout: '2s',
  retry: { maximumAttempts: 1 },
});

/** Without a book the leg goes on without an estimate. */
export async function lookFor(wish: OrderInput, slice: number): Promise<Look> {
  try {
    const summary = `what does the book offer? (${slice + 1})`;
    const request = { leg: legRequest(wish), slice };
    return await looks.lookAtBook.executeWithOptions({ summary }, [request]);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return slice === 0 ? blindLook(wish) : { kind: 'stop', text: 'the book could not be read' };
  }
}

/** A leg beside which its cause has others, so that it cannot be split: it is made as small as the
 * book takes within the allowed slippage. What is left is for the next time its cause looks. */
export async function pursueWithinBook(input: OrderInput): Promise<OrderOutcome> {
  const look = await lookFor(input, 0);
  if (look.kind === 'stop') return notSent(input, look.text);
  const { quantity, estimatedPrice } = look;
  return pursueLeg({
    ...input,
    ...(quantity === null ? {} : { requestedQuantity: quantity }),
    ...(estimatedPrice === null ? {} : { estimatedPrice }),
  });
}
