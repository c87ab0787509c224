import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';
import { fieldsOf, isSentByServer, readings } from './origin.ts';

/** A message of the transcript as it came, not yet believed. */
export interface Heard {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

export interface ReadOptions {
  /** Built by `wire.debateFilter`; together they may match at most 1,000 utterances. */
  readonly filters: readonly string[];
  readonly timeoutMs?: number;
}

/** The server ends a multi-subject read with one of these. */
const END_OF_BATCH = 204;
const NO_RESULTS = 404;
const MOST_RESULTS = 1_000;

/** What stands in the transcript under `filters`, straight from the stream (direct get, last per
 * subject): one request, whatever the number of utterances. Throws when the answer is not whole in
 * time, so a part is never taken for all. */
export async function readSaid(
  bus: Bus,
  wire: Wire,
  { filters, timeoutMs = 2_000 }: ReadOptions,
): Promise<readonly Heard[]> {
  const inbox = bus.inbox();
  const found: Heard[] = [];
  const whole = new Promise<readonly Heard[]>((resolve, reject) => {
    const timer = setTimeout(() => {
      finish();
      reject(new Error(`the transcript was not read within ${timeoutMs} ms`));
    }, timeoutMs);
    const subscription = bus.connection.subscribe(inbox, {
      callback: (error, message) => {
        const fields = error ? null : fieldsOf(message);
        if (fields !== null && readings(fields) > 0) {
          const heard = heardFrom(message, fields);
          if (heard !== null) found.push(heard);
          return;
        }
        finish();
        const code = fields?.code ?? 0;
        if (code === END_OF_BATCH || code === NO_RESULTS) resolve(found);
        else reject(error ?? new Error(`transcript: ${code} ${fields?.description ?? ''}`));
      },
    });
    const finish = (): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
    };
    const request = JSON.stringify({ multi_last: filters, batch: MOST_RESULTS });
    const api = `$JS.API.DIRECT.GET.${wire.streams.DEBATE}`;
    bus.connection.publish(api, request, { reply: inbox });
  });
  return bus.link.guard(whole);
}

/** Null for what no assistant says: whoever may speak at one address writes its message's headers,
 * and must not name another address there, or a status that would end the reading. */
function heardFrom(message: Msg, fields: MsgHdrs): Heard | null {
  const [subject, ...others] = fields.values('Nats-Subject');
  const genuine = readings(fields) === 1 && others.length === 0 && fields.code === 0;
  return genuine && subject !== undefined ? { subject, bytes: message.data } : null;
}

/** Calls `hear` for everything said under `filter` from now on, also what the stream then
 * refuses: the first word at an address counts. Returns how to stop. What is said while the
 * server is away is not heard here: read it afterwards. */
export function listen(bus: Bus, filter: string, hear: (heard: Heard) => void): () => void {
  const subscription = bus.connection.subscribe(filter, {
    callback: (error, message) => {
      if (error || isSentByServer(message)) return;
      hear({ subject: message.subject, bytes: message.data });
    },
  });
  return () => subscription.unsubscribe();
}
