import { rejectionVerdict } from '../../core/orders/rejections.ts';

/** `-2010` also says that an open order has this client id: then an earlier send did arrive, which
 * is the opposite of a rejection. */
const DUPLICATE = /duplicate order/i;

/** Whether an exchange's answer to a new order proves that it has no such order: a listed code with
 * an HTTP status of 4xx. A code that is not listed proves nothing. */
export function isRefusal(
  exchange: string,
  answer: { readonly status: number; readonly code: string; readonly text: string },
): boolean {
  if (answer.status < 400 || answer.status >= 500) return false;
  if (DUPLICATE.test(answer.text)) return false;
  return rejectionVerdict(exchange, answer.code) !== 'unknown';
}
