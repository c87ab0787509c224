import { create } from '@bufbuild/protobuf';
import type { Mail } from '../core/assistants/mail.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Utterance } from '../core/assistants/speech.ts';
import { decodeStrict, encodeStrict, MAX_MESSAGE_BYTES, type WireForm } from './binary.ts';
import { marketEventToCore, marketEventToWire } from './codec-market.ts';
import { snapshotToCore, snapshotToWire } from './codec-snapshot.ts';
import { kinds, roles, utteranceToCore, utteranceToWire } from './codec-speech.ts';
import { ERRORS, WireError } from './errors.ts';
import {
  hash,
  invalid,
  list,
  MAX_ROUND,
  present,
  symbol,
  text,
  timeMs,
  timeToWire,
  token,
  whole,
} from './fields.ts';
import {
  type DeadLetter as DeadLetterMessage,
  DeadLetterSchema,
} from './gen/corro/v1/dead_letter_pb.ts';
import { type Mail as MailMessage, MailSchema } from './gen/corro/v1/mail_pb.ts';
import { MarketEventSchema } from './gen/corro/v1/market_pb.ts';
import { type Utterance as UtteranceMessage, UtteranceSchema } from './gen/corro/v1/speech_pb.ts';
import type { DeadLetter, MarketEvent } from './messages.ts';

/** The one way in and out of every message's bytes. Encoders and decoders make the same checks:
 * what one process could not read, no process can send. All of them throw `WireError` and nothing
 * else. */

export { MAX_MESSAGE_BYTES };

/** Seven roles, five kinds and more rounds than any rule allows. */
const MAX_HEARD = 256;
const FEW = 1_000_000;

const MAIL = { schema: MailSchema, read: mailToCore } satisfies WireForm<typeof MailSchema, Mail>;
const MAIL_HEAD = { schema: MailSchema, read: headToCore };
const UTTERANCE = {
  schema: UtteranceSchema,
  read: (message: UtteranceMessage) => utteranceToCore(message),
};
const MARKET_EVENT = { schema: MarketEventSchema, read: marketEventToCore };
const DEAD_LETTER = {
  schema: DeadLetterSchema,
  read: deadLetterToCore,
  // The whole of a message that was as large as allowed, and what is said about it.
  maxBytes: MAX_MESSAGE_BYTES + 2_048,
};

/** The seven mails of one question differ in their heads alone. What follows the head, most of the
 * bytes, is checked and encoded with the first of them and kept while its snapshot lives. */
export function encodeMail(mail: Mail): Uint8Array {
  const head = encodeStrict(headToWire(mail), MAIL_HEAD);
  const body = BODIES.get(mail.snapshot);
  if (body && isBodyOf(body, mail) && head.length + body.bytes.length <= MAX_MESSAGE_BYTES) {
    return joined(head, body.bytes);
  }
  const whole = encodeStrict(mailToWire(mail), MAIL);
  const { debateId, eventId, symbol, heard } = mail;
  const bytes = whole.subarray(head.length);
  BODIES.set(mail.snapshot, { debateId, eventId, symbol, heard, bytes });
  return whole;
}

/** The end of a mail's bytes: snapshot and what was heard, whose fields come last. */
interface MailBody extends Pick<Mail, 'debateId' | 'eventId' | 'symbol' | 'heard'> {
  readonly bytes: Uint8Array;
}

/** Only the newest of each snapshot: a later round has heard more. */
const BODIES = new WeakMap<Snapshot, MailBody>();

function joined(head: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

function isBodyOf(body: MailBody, { debateId, eventId, symbol, heard }: Mail): boolean {
  return (
    body.heard === heard &&
    body.debateId === debateId &&
    body.eventId === eventId &&
    body.symbol === symbol
  );
}

export function decodeMail(bytes: Uint8Array): Mail {
  return decodeStrict(bytes, MAIL);
}

export function encodeUtterance(utterance: Utterance): Uint8Array {
  return encodeStrict(utteranceToWire(utterance), UTTERANCE);
}

export function decodeUtterance(bytes: Uint8Array): Utterance {
  return decodeStrict(bytes, UTTERANCE);
}

export function encodeMarketEvent(event: MarketEvent): Uint8Array {
  return encodeStrict(marketEventToWire(event), MARKET_EVENT);
}

export function decodeMarketEvent(bytes: Uint8Array): MarketEvent {
  return decodeStrict(bytes, MARKET_EVENT);
}

/** `payload` is cut at `MAX_MESSAGE_BYTES`; `sizeBytes` keeps the length it had. */
export function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  return encodeStrict(deadLetterToWire(letter), DEAD_LETTER);
}

export function decodeDeadLetter(bytes: Uint8Array): DeadLetter {
  return decodeStrict(bytes, DEAD_LETTER);
}

function mailToWire(mail: Mail): MailMessage {
  const snapshot = snapshotToWire(mail.snapshot);
  return create(MailSchema, { ...headOf(mail), snapshot, heard: mail.heard.map(utteranceToWire) });
}

function headToWire(mail: Mail): MailMessage {
  return create(MailSchema, headOf(mail));
}

function headOf(mail: Mail) {
  return {
    messageId: mail.messageId,
    debateId: mail.debateId,
    eventId: mail.eventId,
    symbol: mail.symbol,
    round: mail.round,
    kind: kinds.toWire(mail.kind, 'kind'),
    to: roles.toWire(mail.to, 'to'),
  };
}

function headToCore(message: MailMessage): Omit<Mail, 'snapshot' | 'heard'> {
  return {
    messageId: hash(message.messageId, 'messageId'),
    debateId: token(message.debateId, 'debateId'),
    eventId: hash(message.eventId, 'eventId'),
    symbol: symbol(message.symbol, 'symbol'),
    round: whole(message.round, 'round', [1, MAX_ROUND]),
    kind: kinds.toCore(message.kind, 'kind'),
    to: roles.toCore(message.to, 'to'),
  };
}

function mailToCore(message: MailMessage): Mail {
  const mail: Mail = {
    ...headToCore(message),
    snapshot: snapshotToCore(present(message.snapshot, 'snapshot'), 'snapshot'),
    heard: list(message.heard, 'heard', { cap: MAX_HEARD, item: utteranceToCore }),
  };
  checkSameMotion(mail);
  return mail;
}

/** A mail is about one motion: its snapshot and all that was heard are about the same. */
function checkSameMotion({ snapshot, heard, eventId, debateId, symbol }: Mail): void {
  const mismatch = (field: string): WireError =>
    new WireError('wire_mismatch', field, "equal to the mail's");
  if (snapshot.eventId !== eventId) throw mismatch('snapshot.eventId');
  if (snapshot.symbol !== symbol) throw mismatch('snapshot.symbol');
  for (const [index, utterance] of heard.entries()) {
    if (utterance.eventId !== eventId) throw mismatch(`heard[${index}].eventId`);
    if (utterance.debateId !== debateId) throw mismatch(`heard[${index}].debateId`);
    if (utterance.symbol !== symbol) throw mismatch(`heard[${index}].symbol`);
  }
}

function deadLetterToWire(letter: DeadLetter): DeadLetterMessage {
  return create(DeadLetterSchema, {
    ...letter,
    recordedAtMs: timeToWire(letter.recordedAtMs, 'recordedAtMs'),
    payload: new Uint8Array(letter.payload.subarray(0, MAX_MESSAGE_BYTES)),
  });
}

function deadLetterToCore(message: DeadLetterMessage): DeadLetter {
  const code = text(message.code, 'code', 60);
  if (!isDeadLetterCode(code)) throw invalid('code', 'a code of the error catalogue');
  return {
    subject: text(message.subject, 'subject', 512),
    code,
    field: text(message.field, 'field', 200),
    deliveries: whole(message.deliveries, 'deliveries', [1, FEW]),
    sizeBytes: whole(message.sizeBytes, 'sizeBytes', [0, 0xffff_ffff]),
    recordedAtMs: timeMs(message.recordedAtMs, 'recordedAtMs'),
    payload: present(message.payload, 'payload'),
  };
}

function isDeadLetterCode(code: string): code is DeadLetter['code'] {
  return code === 'failed' || (code.startsWith('wire_') && Object.hasOwn(ERRORS, code));
}
