import { decimal } from '../market/money.ts';

/** Whether there is something to sell: `quantity` is base units, a decimal string. Throws an
 * AmountError on anything else. */
export function isHeld(quantity: string): boolean {
  return quantity !== '0' && decimal(quantity, 'quantity').gt(0);
}
