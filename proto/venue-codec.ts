import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { decodeStrict, encodeStrict } from './binary.ts';
import { enumeration, invalid, matching, present, text } from './fields.ts';
import {
  type VenueFault as VenueFaultMessage,
  VenueErrorCode as WireErrorCode,
  OrderType as WireOrderType,
  Side as WireSide,
  VenueOrderStatus as WireStatus,
  TimeInForce as WireTimeInForce,
} from './gen/corro/v1/venue_pb.ts';
import type {
  OrderType,
  Side,
  TimeInForce,
  VenueErrorCode,
  VenueFault,
  VenueOrderStatus,
} from './venue-messages.ts';

/** Both directions of one message. They throw `WireError` and nothing else. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

/** An answer, or why there is none. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: VenueFault };

export function codec<D extends DescMessage, T>(
  schema: D,
  form: {
    readonly toWire: (value: T) => MessageInitShape<D>;
    readonly toCore: (message: MessageShape<D>) => T;
  },
): Codec<T> {
  const strict = { schema, read: form.toCore };
  return {
    encode: (value) => encodeStrict(create(schema, form.toWire(value)), strict),
    decode: (bytes) => decodeStrict(bytes, strict),
  };
}

export const sides = enumeration({
  BUY: WireSide.BUY,
  SELL: WireSide.SELL,
} satisfies Record<Side, WireSide>);

export const orderTypes = enumeration({
  LIMIT: WireOrderType.LIMIT,
  MARKET: WireOrderType.MARKET,
  STOP_LOSS_LIMIT: WireOrderType.STOP_LOSS_LIMIT,
} satisfies Record<OrderType, WireOrderType>);

export const timesInForce = enumeration({
  GTC: WireTimeInForce.GTC,
  IOC: WireTimeInForce.IOC,
  FOK: WireTimeInForce.FOK,
} satisfies Record<TimeInForce, WireTimeInForce>);

export const statuses = enumeration({
  open: WireStatus.OPEN,
  partially_filled: WireStatus.PARTIALLY_FILLED,
  filled: WireStatus.FILLED,
  cancelled: WireStatus.CANCELLED,
  rejected: WireStatus.REJECTED,
  expired: WireStatus.EXPIRED,
} satisfies Record<VenueOrderStatus, WireStatus>);

const errorCodes = enumeration({
  timeout: WireErrorCode.TIMEOUT,
  unreachable: WireErrorCode.UNREACHABLE,
  budget: WireErrorCode.BUDGET,
  invalid: WireErrorCode.INVALID,
  venue: WireErrorCode.VENUE,
} satisfies Record<VenueErrorCode, WireErrorCode>);

export function faultToWire({ code, text: why }: VenueFault): {
  code: WireErrorCode;
  text: string;
} {
  return { code: errorCodes.toWire(code, 'fault.code'), text: printable(why) };
}

export function faultToCore(message: VenueFaultMessage): { ok: false; fault: VenueFault } {
  const code = errorCodes.toCore(message.code, 'fault.code');
  return { ok: false, fault: { code, text: text(message.text, 'fault.text') } };
}

/** A venue's words as a message may carry them: no control characters, at most 500 characters. */
export function printable(words: string): string {
  return words
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 500)
    .toWellFormed();
}

const AMOUNT = /^(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$/;

/** A decimal that is not negative, as text. */
export function amount(value: string | undefined, path: string): string {
  return matching(value, path, { pattern: AMOUNT, says: 'a decimal of zero or more' });
}

export function positiveAmount(value: string | undefined, path: string): string {
  const checked = amount(value, path);
  if (!/[1-9]/.test(checked)) throw invalid(path, 'above zero');
  return checked;
}

export function account(value: string | undefined, path: string): string {
  const rule = { pattern: /^[a-zA-Z0-9-]{1,64}$/, says: '1 to 64 letters, digits or -' };
  return matching(value, path, rule);
}

export function clientOrderId(value: string | undefined, path: string): string {
  const rule = { pattern: /^[a-zA-Z0-9_-]{1,36}$/, says: '1 to 36 of a-z A-Z 0-9 _ -' };
  return matching(value, path, rule);
}

/** A venue's own id of an order or trade. */
export function venueId(value: string | undefined, path: string): string {
  return matching(value, path, { pattern: /^[\x21-\x7e]{1,64}$/, says: '1 to 64 characters' });
}

export function asset(value: string | undefined, path: string): string {
  return matching(value, path, { pattern: /^[\x21-\x7e]{1,32}$/, says: '1 to 32 characters' });
}

export function optional<A, B>(
  value: A | undefined,
  path: string,
  read: (value: A, path: string) => B,
): B | undefined {
  return value === undefined ? undefined : read(value, path);
}

/** A reply's branch, as the generated types want it: its name kept literal. */
export function branch<C extends string, V>(name: C, value: V): { outcome: { case: C; value: V } } {
  return { outcome: { case: name, value } };
}

/** The chosen branch of a reply. */
export function chosen<C extends { readonly case: string | undefined }>(
  outcome: C,
): Exclude<C, { readonly case: undefined }> {
  present(outcome.case, 'outcome');
  return outcome as Exclude<C, { readonly case: undefined }>;
}
