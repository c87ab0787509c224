type Rule = readonly [code: number, status: number, text: (...facts: string[]) => string];

/** Binance's spot error codes, as far as the paper venue can give them, with its own texts.
 * Source: "Error codes for Binance" in the exchange's public API documentation. */
const REFUSALS = {
  unknown: [-1000, 500, () => 'An unknown error occurred while processing the request.'],
  disconnected: [
    -1001,
    503,
    () => 'Internal error; unable to process your request. Please try again.',
  ],
  unauthorized: [-1002, 401, () => 'You are not authorized to execute this request.'],
  tooManyRequests: [
    -1003,
    429,
    (limit) =>
      `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE.`,
  ],
  filter: [-1013, 400, (name) => `Filter failure: ${name}`],
  unsupported: [-1020, 404, () => 'This operation is not supported.'],
  timestamp: [-1021, 400, () => 'Timestamp for this request is outside of the recvWindow.'],
  timestampAhead: [
    -1021,
    400,
    () => "Timestamp for this request was 1000ms ahead of the server's time.",
  ],
  signature: [-1022, 400, () => 'Signature for this request is not valid.'],
  illegalCharacters: [
    -1100,
    400,
    (name, range) => `Illegal characters found in parameter '${name}'; legal range is '${range}'.`,
  ],
  tooManyParameters: [-1101, 413, () => 'Too many parameters sent for this endpoint.'],
  duplicateParameter: [-1101, 400, (name) => `Duplicate values for parameter '${name}' detected.`],
  missingParameter: [
    -1102,
    400,
    (name) => `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
  ],
  unreadParameters: [
    -1104,
    400,
    (read, sent) =>
      `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${sent}'.`,
  ],
  emptyParameter: [-1105, 400, (name) => `Parameter '${name}' was empty.`],
  notRequired: [-1106, 400, (name) => `Parameter '${name}' sent when not required.`],
  precision: [-1111, 400, (name) => `Parameter '${name}' has too much precision.`],
  timeInForce: [-1115, 400, () => 'Invalid timeInForce.'],
  orderType: [-1116, 400, () => 'Invalid orderType.'],
  side: [-1117, 400, () => 'Invalid side.'],
  interval: [-1120, 400, () => 'Invalid interval.'],
  symbol: [-1121, 400, () => 'Invalid symbol.'],
  listenKey: [-1125, 400, () => 'This listenKey does not exist.'],
  combination: [-1128, 400, () => 'Combination of optional parameters invalid.'],
  parameterData: [-1130, 400, (name) => `Data sent for parameter '${name}' is not valid.`],
  recvWindow: [-1131, 400, () => 'recvWindow must be less than 60000.'],
  insufficientBalance: [-2010, 400, () => 'Account has insufficient balance for requested action.'],
  duplicateOrder: [-2010, 400, () => 'Duplicate order sent.'],
  triggersAtOnce: [-2010, 400, () => 'Order would trigger immediately.'],
  unknownOrder: [-2011, 400, () => 'Unknown order sent.'],
  noSuchOrder: [-2013, 400, () => 'Order does not exist.'],
  keyFormat: [-2014, 401, () => 'API-key format invalid.'],
  key: [-2015, 401, () => 'Invalid API-key, IP, or permissions for action.'],
} as const satisfies Record<string, Rule>;

export type RefusalName = keyof typeof REFUSALS;

/** A request the venue answers with one of its error codes. Expected: never a crash. */
export class Refusal extends Error {
  readonly code: number;
  readonly status: number;
  constructor(name: RefusalName, ...facts: string[]) {
    const rule: Rule = REFUSALS[name];
    const [code, status, text] = rule;
    super(text(...facts));
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
  }
}
