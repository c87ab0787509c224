/** Binance's codes that mean: refused before it reached the order book, for certain. Only these,
 * with an HTTP status of 4xx, make a send `rejected`; a code that is not here proves nothing. */
const BINANCE: ReadonlySet<string> = new Set([
  '-1003', // too many requests
  '-1013', // a filter of the symbol
  '-1014', // unknown order composition
  '-1015', // too many orders
  '-1020', // operation not supported
  '-1021', // timestamp outside recvWindow
  '-1022', // signature
  '-1100', // illegal characters
  '-1101', // too many parameters
  '-1102', // mandatory parameter missing
  '-1103', // unknown parameter
  '-1104', // unread parameters
  '-1105', // empty parameter
  '-1106', // parameter not required
  '-1111', // too much precision
  '-1112', // no orders on the book
  '-1114', // timeInForce not required
  '-1115', // invalid timeInForce
  '-1116', // invalid order type
  '-1117', // invalid side
  '-1118', // empty client order id
  '-1121', // invalid symbol
  '-1128', // combination of parameters
  '-1130', // data not valid
  '-1131', // recvWindow
  '-2010', // new order rejected
  '-2014', // API key format
  '-2015', // API key, address or permissions
]);

/** `-2010` also says that an open order has this client id: then an earlier send did arrive, which
 * is the opposite of a rejection. */
const DUPLICATE = /duplicate order/i;

/** Refusal codes of exchanges that were studied. Of any other nothing is assumed. */
const TABLES: Readonly<Record<string, ReadonlySet<string>>> = { binance: BINANCE };

/** Whether an exchange's answer to a new order proves that it has no such order. */
export function isRefusal(
  exchange: string,
  answer: { readonly status: number; readonly code: string; readonly text: string },
): boolean {
  if (answer.status < 400 || answer.status >= 500) return false;
  if (DUPLICATE.test(answer.text)) return false;
  return TABLES[exchange]?.has(answer.code) ?? false;
}
