import { JetStreamApiError, type JetStreamPublishOptions, type PubAck } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { Mail } from '../../core/assistants/mail.ts';
import type { Utterance } from '../../core/assistants/speech.ts';
import { encodeDeadLetter, encodeMail, encodeUtterance } from '../../proto/codec.ts';
import { HEADERS, MESSAGE_TYPES } from '../../proto/headers.ts';
import type { DeadLetter } from '../../proto/messages.ts';
import type { DeadOrigin, Wire } from '../../proto/subjects.ts';
import { sameBytes } from './bytes.ts';
import type { Bus } from './connect.ts';
import { LinkBroken } from './link.ts';

/** How long a publish may try before it gives up. */
export interface Patience {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** No acknowledgement came before the deadline. Whether the message is stored is unknown. */
export class NotAcknowledged extends Error {
  override readonly name = 'NotAcknowledged';
}

/** JetStream: the subject has a message already. The second is what a stream that refuses new
 * messages per subject answers when the first check was not asked for. */
const WRONG_LAST_SEQUENCE = 10071;
const SUBJECT_IS_FULL = 10077;
/** HTTP-like status of a JetStream that cannot answer now: no leader, starting, out of
 * resources. */
const UNAVAILABLE = 503;

const BACKOFF_MS = { first: 20, most: 1_000 };

interface Letter {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly options: Partial<JetStreamPublishOptions>;
}

/** Publishes to JetStream until it is acknowledged, through restarts of the server. Every message
 * sent this way must bear repeating: a dedupe id or an expected sequence makes it so. Throws
 * `NotAcknowledged` at the deadline and `JetStreamApiError` for an answer that will not change. */
export async function publishUntilStored(
  bus: Bus,
  letter: Letter,
  { deadlineMs, signal }: Patience,
): Promise<PubAck> {
  const giveUpAt = performance.now() + deadlineMs;
  for (let attempt = 0; ; attempt += 1) {
    if (attempt > 0 || !bus.link.up) await reachServer(bus, giveUpAt, signal);
    if (performance.now() >= giveUpAt || signal?.aborted) {
      throw new NotAcknowledged(`no acknowledgement for ${letter.subject} in ${deadlineMs} ms`);
    }
    try {
      const { subject, payload, options } = letter;
      return await bus.link.guard(bus.jetstream.publish(subject, payload, options));
    } catch (error) {
      if (!isPassing(error)) throw error;
      await pause(Math.min(BACKOFF_MS.first * 2 ** attempt, BACKOFF_MS.most));
    }
  }
}

async function reachServer(bus: Bus, giveUpAt: number, signal?: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(giveUpAt - performance.now())));
  await bus.link.whenUp(signal ? AbortSignal.any([deadline, signal]) : deadline);
}

/** True for faults that time mends. */
export function isPassing(error: unknown): boolean {
  if (error instanceof LinkBroken) return true;
  if (error instanceof JetStreamApiError) return error.status === UNAVAILABLE;
  return (
    error instanceof Error &&
    ['TimeoutError', 'RequestError', 'JetStreamNotEnabled'].includes(error.name)
  );
}

export interface MailPatience extends Patience {
  /** 0 for the first time. From 1 on the server's dedupe window is passed by, for mail that may
   * have been lost after it was acknowledged; the assistant still answers a message id only
   * once. */
  readonly again?: number;
}

/** Puts a mail into its assistant's mailbox. Repeating it is harmless. */
export async function publishMail(
  bus: Bus,
  wire: Wire,
  { mail, ...patience }: MailPatience & { readonly mail: Mail },
): Promise<PubAck> {
  const again = patience.again ?? 0;
  const dedupeId = again === 0 ? mail.messageId : `${mail.messageId}.${again}`;
  const letter = {
    subject: wire.mail(mail.to, mail.symbol),
    payload: encodeMail(mail),
    options: { msgID: dedupeId, headers: typed(MESSAGE_TYPES.mail, mail.messageId) },
  };
  return publishUntilStored(bus, letter, patience);
}

/** `said`: it stands in the transcript, now or since an earlier try. `equivocation`: something else
 * stands there; it was not touched. */
export type SpeechOutcome = 'said' | 'equivocation';

/** Says something in the ring, once for ever: the address can never be written a second time. */
export async function publishUtterance(
  bus: Bus,
  wire: Wire,
  { utterance, ...patience }: Patience & { readonly utterance: Utterance },
): Promise<SpeechOutcome> {
  const subject = wire.debate(utterance);
  const payload = encodeUtterance(utterance);
  const options = {
    expect: { lastSubjectSequence: 0 },
    headers: typed(MESSAGE_TYPES.utterance, utterance.messageId),
  };
  try {
    await publishUntilStored(bus, { subject, payload, options }, patience);
    return 'said';
  } catch (error) {
    if (!isOccupied(error)) throw error;
  }
  const standing = await bus.link.guard(
    bus.manager.direct.getMessage(wire.streams.DEBATE, { last_by_subj: subject }),
  );
  return standing && sameBytes(standing.data, payload) ? 'said' : 'equivocation';
}

function isOccupied(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return error.code === WRONG_LAST_SEQUENCE || error.code === SUBJECT_IS_FULL;
}

export interface DeadLetterPatience extends Patience {
  readonly origin: DeadOrigin;
  readonly letter: DeadLetter;
  /** SHA-256 of the original bytes: names the letter and keeps repeats from piling up. */
  readonly contentHash: string;
}

/** Buries a message nobody could read or answer. Its bytes are not repeated, only their hash. */
export async function publishDeadLetter(
  bus: Bus,
  wire: Wire,
  { origin, letter, contentHash, ...patience }: DeadLetterPatience,
): Promise<PubAck> {
  const marks = headers();
  marks.set(HEADERS.messageType, MESSAGE_TYPES.deadLetter);
  marks.set(HEADERS.errorCode, letter.code);
  marks.set(HEADERS.deliveries, String(letter.deliveries));
  const bytes = encodeDeadLetter(letter);
  const options = { msgID: contentHash, headers: marks };
  return publishUntilStored(
    bus,
    { subject: wire.deadLetter(origin), payload: bytes, options },
    patience,
  );
}

function typed(type: string, messageId: string): MsgHdrs {
  const marks = headers();
  marks.set(HEADERS.messageType, type);
  marks.set(HEADERS.messageId, messageId);
  return marks;
}

function pause(milliseconds: number): Promise<void> {
  const jittered = milliseconds * (0.5 + Math.random());
  return new Promise((resolve) => setTimeout(resolve, jittered));
}
