import { Decimal, divide, format } from '../market/money.ts';
import { type Refusal, refusal } from '../risk/facts.ts';
import type { OrderInput, OrderOutcome } from './leg.ts';
import { type DepthReport, MAX_SLICES, route } from './routing.ts';

/** What a look at the book says before a leg is sized.
 * `go`: send it; with `quantity` only so much of it, and `rest` is left for another slice.
 * `stop`: the book has no more within the allowed slippage. */
export type Look =
  | {
      readonly kind: 'go';
      readonly legId: string;
      readonly leg: number;
      /** Base units; null: what the risk rules say. */
      readonly quantity: string | null;
      readonly rest: string;
      readonly estimatedPrice: string | null;
    }
  | { readonly kind: 'stop'; readonly text: string };

/** What a leg would be sized to now. Decimal strings. */
export interface WishedSize {
  readonly quantity: string;
  readonly lotSize: string;
  readonly maxExpectedSlippageBps: number;
}

/** A look with what has to be recorded because of it; `null`: nothing. */
export interface JudgedLook {
  readonly look: Look;
  readonly refused: Refusal | null;
}

/** A look that saw nothing: the leg goes on without an estimate. */
export function blindLook({ legId, leg }: Pick<OrderInput, 'legId' | 'leg'>): Look {
  return { kind: 'go', legId, leg, quantity: null, rest: '0', estimatedPrice: null };
}

/** Reads a book for a leg that is about to be sized. An empty book says nothing of a first slice,
 * and an exit is never refused for a thin one: its limit price is what protects it. */
export function judgeBook(
  leg: Pick<OrderInput, 'legId' | 'leg' | 'side'>,
  slice: number,
  { wished, depth }: { readonly wished: WishedSize; readonly depth: DepthReport },
): JudgedLook {
  const { legId, leg: number, side } = leg;
  const blind = blindLook(leg);
  const found = route({ ...wished, side, depth });
  if (found === null) {
    const over: Look = { kind: 'stop', text: 'the book is empty by now' };
    return { look: slice === 0 ? blind : over, refused: null };
  }
  const { quantity, rest, expectedPrice: estimatedPrice } = found;
  if (quantity !== '0') {
    const some = { quantity: rest === '0' ? null : quantity, rest, estimatedPrice };
    return { look: { kind: 'go', legId, leg: number, ...some }, refused: null };
  }
  const allowed = wished.maxExpectedSlippageBps;
  const no = refusal('thin_book', `${wished.quantity} wanted, allowed ${allowed} bp`);
  const stop: Look = { kind: 'stop', text: no.text };
  if (slice > 0) return { look: stop, refused: null };
  return side === 'SELL' ? { look: blind, refused: null } : { look: stop, refused: no };
}

/** What a trade in slices asks of whoever carries it out. */
export type SliceStep<Leg extends OrderInput> =
  | { readonly type: 'look'; readonly wish: Leg; readonly slice: number }
  | { readonly type: 'pursue'; readonly leg: Leg };

/** One leg, or as many slices as the book wants and the limit allows, one after the other: each
 * looks at what the one before has left. What a caller says of its leg beside is kept. */
export function* tradeInSlices<Leg extends OrderInput>(
  input: Leg,
): Generator<SliceStep<Leg>, OrderOutcome, Look | OrderOutcome> {
  const done: OrderOutcome[] = [];
  let wanted = input.requestedQuantity;
  for (let slice = 0; slice < MAX_SLICES; slice += 1) {
    const wish = wanted === undefined ? input : { ...input, requestedQuantity: wanted };
    const look = (yield { type: 'look', wish, slice }) as Look;
    if (look.kind === 'stop') {
      if (slice === 0) return notSent(input, look.text);
      break;
    }
    const { legId, leg, quantity, rest, estimatedPrice } = look;
    const last = slice === MAX_SLICES - 1 && input.side === 'SELL';
    const outcome = (yield {
      type: 'pursue',
      leg: {
        ...wish,
        ...{ legId, leg },
        // What is left at the end of an exit goes at once: its limit price is what protects it.
        ...(quantity === null || last ? {} : { requestedQuantity: quantity }),
        ...(estimatedPrice === null ? {} : { estimatedPrice }),
      },
    }) as OrderOutcome;
    done.push(outcome);
    if (rest === '0' || last || outcome.state !== 'filled') break;
    wanted = rest;
  }
  return together(done);
}

/** How a leg ends of which no order was made. */
export function notSent({ legId }: Pick<OrderInput, 'legId'>, reason: string): OrderOutcome {
  const none = { clientOrderId: null, quantity: null, limitPrice: null, averagePrice: null };
  return { legId, state: 'nothing', reason, attempts: 0, executedQuantity: '0', fees: [], ...none };
}

/** What several slices come to. A slice of which nobody knows leaves all of them to a person. */
function together(slices: readonly OrderOutcome[]): OrderOutcome {
  const [first] = slices as [OrderOutcome, ...OrderOutcome[]];
  if (slices.length === 1) return first;
  const sum = (of: (slice: OrderOutcome) => string) =>
    slices.reduce((total, slice) => total.plus(of(slice)), Decimal.of(0));
  const quantity = sum((slice) => slice.quantity ?? '0');
  const executed = sum((slice) => slice.executedQuantity);
  const worth = slices.reduce(
    (total, slice) => total.plus(Decimal.of(slice.averagePrice ?? 0).times(slice.executedQuantity)),
    Decimal.of(0),
  );
  const unsure = slices.some(({ state }) => state === 'needs_person');
  const averagePrice = executed.gt(0) ? format(divide(worth, executed)) : null;
  return {
    ...first,
    state: unsure ? 'needs_person' : executed.gte(quantity) ? 'filled' : 'partially_filled',
    reason: slices.map(({ reason }) => reason).join('; '),
    attempts: slices.reduce((total, { attempts }) => total + attempts, 0),
    quantity: format(quantity),
    executedQuantity: format(executed),
    averagePrice,
    fees: feesOf(slices),
  };
}

function feesOf(slices: readonly OrderOutcome[]): OrderOutcome['fees'] {
  const fees = new Map<string, Decimal>();
  for (const { asset, amount } of slices.flatMap((slice) => slice.fees)) {
    fees.set(asset, (fees.get(asset) ?? Decimal.of(0)).plus(amount));
  }
  return [...fees].map(([asset, amount]) => ({ asset, amount: format(amount) }));
}
