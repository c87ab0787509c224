import { venueRules } from './venue-rules.ts';

/** What a venue's error code to a new order proves.
 * `refused`: the venue certainly has no such order, and the same order would be refused again or
 * had no right to be sent; the leg ends. `person`: it certainly has none, and no order of this
 * account or from this machine will fare better; the leg ends and waits for a person. `unknown`:
 * it proves nothing, the order may be there; only questions tell. A code that is not in the table
 * is `unknown`. */
export type RejectionVerdict = 'refused' | 'person' | 'unknown';

interface Rejection {
  readonly verdict: RejectionVerdict;
  /** For people. */
  readonly meaning: string;
}

const refused = (meaning: string): Rejection => ({ verdict: 'refused', meaning });
const person = (meaning: string): Rejection => ({ verdict: 'person', meaning });
const unknown = (meaning: string): Rejection => ({ verdict: 'unknown', meaning });

/** Binance spot, from its "Error codes" document. `-2010` covers many texts (funds, a stop that
 * would trigger at once, a duplicate id); a duplicate is the one that proves an arrival, and
 * `adapters/venue/refusals.ts` tells it by its text. */
const BINANCE: Readonly<Record<string, Rejection>> = {
  '-1000': unknown('an unknown error while the request was processed'),
  '-1001': unknown('disconnected: it could not be processed, or could'),
  '-1002': person('not authorised'),
  '-1003': refused('too many requests'),
  '-1006': unknown('an unexpected response inside the venue: execution status unknown'),
  '-1007': unknown('a timeout inside the venue: execution status unknown'),
  '-1008': unknown('the venue is overloaded'),
  '-1010': unknown('an error message of an inner system'),
  '-1013': refused('a filter of the symbol'),
  '-1014': refused('an unknown order composition'),
  '-1015': refused('too many orders'),
  '-1016': unknown('the service is shutting down'),
  '-1020': refused('the operation is not supported'),
  '-1021': refused('the timestamp is outside recvWindow'),
  '-1022': person('the signature is not valid'),
  '-1034': unknown('too many connections inside the venue'),
  '-1099': unknown('not found, or not authenticated, or not authorised'),
  '-1100': refused('illegal characters in a parameter'),
  '-1101': refused('too many parameters'),
  '-1102': refused('a mandatory parameter is missing'),
  '-1103': refused('an unknown parameter'),
  '-1104': refused('not all parameters were read'),
  '-1105': refused('a parameter is empty'),
  '-1106': refused('a parameter was not required'),
  '-1111': refused('more precision than the symbol has'),
  '-1112': refused('no orders on the book'),
  '-1114': refused('timeInForce is not required'),
  '-1115': refused('timeInForce is not valid'),
  '-1116': refused('the order type is not valid'),
  '-1117': refused('the side is not valid'),
  '-1118': refused('the client order id is empty'),
  '-1121': refused('the symbol is not valid'),
  '-1128': refused('this combination of parameters is not valid'),
  '-1130': refused('data of a parameter are not valid'),
  '-1131': refused('recvWindow must be less than 60000'),
  '-2010': refused('the order was rejected: funds, a stop already reached, trading rules'),
  '-2014': person('the API key is malformed'),
  '-2015': person('the API key, its address or its permissions'),
};

/** Codes by the dialect a venue speaks, as ccxt names exchanges. */
const TABLES: Readonly<Record<string, Readonly<Record<string, Rejection>>>> = { binance: BINANCE };

/** Every code studied, by dialect: what the documents and the tests list. */
export function rejectionCodes(dialect: string): readonly string[] {
  return Object.keys(TABLES[dialect] ?? {});
}

/** What a code of a dialect proves; of a code or a dialect nobody studied, nothing. */
export function rejectionVerdict(dialect: string, code: string): RejectionVerdict {
  const table = TABLES[dialect];
  return table && Object.hasOwn(table, code) ? (table[code] as Rejection).verdict : 'unknown';
}

/** Whether a refusal of this venue should stop the leg for a person. */
export function needsPerson(venue: string, code: string): boolean {
  return rejectionVerdict(venueRules(venue).dialect, code) === 'person';
}
