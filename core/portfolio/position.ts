import { Decimal, decimal, divide, format, MAX_SCALE, positive } from '../market/money.ts';
import type { Side } from '../risk/facts.ts';

/** What is held of one symbol and what it cost. Decimal strings. `quantity` equals the sum of the
 * ledger's available and reserved entries of the base asset that trades of this symbol made. */
export interface Position {
  /** Base units. */
  readonly quantity: string;
  /** Average cost, quote per base, fees included; `0` when flat. */
  readonly entryPrice: string;
  /** Quote units won or lost by what has been sold, fees included. */
  readonly realisedPnl: string;
}

const NOTHING = Decimal.of(0);

export const FLAT: Position = { quantity: '0', entryPrice: '0', realisedPnl: '0' };

export interface PositionFill {
  readonly side: Side;
  readonly base: string;
  readonly quote: string;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly feeAsset: string;
}

/** The position after one trade, by average cost: a purchase moves the average, a sale realises the
 * difference to it. A fee in the base asset makes what was received less (and so dearer); a fee in
 * the quote asset adds to the cost or takes from the proceeds; a fee in a third asset is not this
 * position's. Averages round at 18 decimals; quantities never round. */
export function applyFill(position: Position, fill: PositionFill): Position {
  const quantity = positive(fill.quantity, 'quantity');
  const worth = quantity.times(positive(fill.price, 'price'));
  const fee = decimal(fill.fee, 'fee');
  const baseFee = fill.feeAsset === fill.base ? fee : NOTHING;
  const quoteFee = fill.feeAsset === fill.quote ? fee : NOTHING;
  return fill.side === 'BUY'
    ? buy(position, quantity.minus(baseFee), worth.plus(quoteFee))
    : sell(position, quantity.plus(baseFee), worth.minus(quoteFee));
}

function buy(position: Position, received: Decimal, cost: Decimal): Position {
  const held = decimal(position.quantity, 'quantity');
  const after = held.plus(received);
  const costBefore = held.times(decimal(position.entryPrice, 'entryPrice'));
  const entry = after.gt(0) ? divide(costBefore.plus(cost), after) : Decimal.of(0);
  return { ...position, quantity: format(after), entryPrice: format(entry) };
}

function sell(position: Position, delivered: Decimal, proceeds: Decimal): Position {
  const entry = decimal(position.entryPrice, 'entryPrice');
  const after = decimal(position.quantity, 'quantity').minus(delivered);
  const won = proceeds.minus(entry.times(delivered));
  const realised = decimal(position.realisedPnl, 'realisedPnl').plus(won);
  return {
    quantity: format(after),
    entryPrice: after.gt(0) ? position.entryPrice : '0',
    realisedPnl: format(realised.toDecimalPlaces(MAX_SCALE)),
  };
}
