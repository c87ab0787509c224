import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';

/** Who sent a message. JetStream sends what it has stored wherever a reader asks, with the server's
 * own rights, also to a subject where only another user may speak: a word that was read out of a
 * stream before it came is nobody's. */

/** The server adds this field each time it reads a message out of a stream, and keeps those that
 * are there. */
const READ_FROM = 'Nats-Stream';
/** Stands for headers that cannot be read at all. */
const UNREADABLE_STATUS = 400;

/** A message's headers. What its sender wrote there may be anything; the client throws at some of
 * it, and a throw in a callback would end the connection. */
export function fieldsOf(message: Msg): MsgHdrs {
  try {
    return message.headers ?? headers();
  } catch {
    const unreadable = headers(UNREADABLE_STATUS, 'unreadable headers');
    unreadable.set(READ_FROM, '');
    return unreadable;
  }
}

/** How often the server has read this message out of a stream. */
export function readings(fields: MsgHdrs): number {
  return fields.values(READ_FROM).length;
}

/** Whether a message on a plain subscription comes from the server and not from a client that may
 * publish there. */
export function isSentByServer(message: Msg): boolean {
  return readings(fieldsOf(message)) > 0;
}
