import { Buffer } from 'node:buffer';
import {
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { WireError } from './errors.ts';

/** No message of Corro's is larger. A full mail of a three-round debate is under 64 KB. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Messages inside messages. The deepest of ours is six: mail, utterance, revision, opinion,
 * reason, evidence. */
export const MAX_DEPTH = 8;

/** How one message type is read: its schema, and the check that turns it into a core value. */
export interface WireForm<D extends DescMessage, T> {
  readonly schema: D;
  /** Throws `WireError` on any value that is not allowed. */
  readonly read: (message: MessageShape<D>) => T;
  readonly maxBytes?: number;
}

/** Bytes → core value, or `WireError`; nothing else is ever thrown. Refuses bytes over the cap,
 * nesting over the cap, unknown fields, repeated singular fields and every other form than the one
 * that `encodeStrict` makes, so equal messages are equal bytes. */
export function decodeStrict<D extends DescMessage, T>(
  bytes: Uint8Array,
  { schema, read, maxBytes = MAX_MESSAGE_BYTES }: WireForm<D, T>,
): T {
  if (bytes.byteLength > maxBytes) {
    throw new WireError('wire_too_large', schema.name, `at most ${maxBytes} bytes`);
  }
  const [message, canonical] = parse(schema, bytes);
  if (Buffer.compare(canonical, bytes) !== 0) {
    const unknown = unknownField(schema, message, schema.name);
    if (unknown !== undefined) throw new WireError('wire_unknown_field', unknown);
    throw new WireError('wire_not_canonical', schema.name);
  }
  return read(message);
}

/** Core value's message → bytes, after the same check that the receiver makes. Throws
 * `WireError`. */
export function encodeStrict<D extends DescMessage, T>(
  message: MessageShape<D>,
  { schema, read, maxBytes = MAX_MESSAGE_BYTES }: WireForm<D, T>,
): Uint8Array {
  read(message);
  const bytes = toBinary(schema, message);
  if (bytes.byteLength > maxBytes) {
    throw new WireError('wire_too_large', schema.name, `at most ${maxBytes} bytes`);
  }
  return bytes;
}

/** The library's own texts may repeat what the bytes said: they are not passed on. */
function parse<D extends DescMessage>(
  schema: D,
  bytes: Uint8Array,
): readonly [MessageShape<D>, Uint8Array] {
  try {
    const message = fromBinary(schema, bytes, { recursionLimit: MAX_DEPTH });
    return [message, toBinary(schema, message, { writeUnknownFields: false })];
  } catch {
    throw new WireError('wire_malformed', schema.name);
  }
}

/** Path of the first message that carries a field its schema does not know. */
function unknownField(schema: DescMessage, message: Message, path: string): string | undefined {
  if (message.$unknown !== undefined && message.$unknown.length > 0) return path;
  const view = reflect(schema, message);
  for (const field of view.sortedFields) {
    if (field.fieldKind === 'message' && view.isSet(field)) {
      const inner = view.get(field).message;
      const found = unknownField(field.message, inner, `${path}.${field.localName}`);
      if (found !== undefined) return found;
    }
    if (field.fieldKind === 'list' && field.listKind === 'message') {
      let index = 0;
      for (const item of view.get(field) as Iterable<{ message: Message }>) {
        const place = `${path}.${field.localName}[${index}]`;
        const found = unknownField(field.message, item.message, place);
        if (found !== undefined) return found;
        index += 1;
      }
    }
  }
  return undefined;
}
