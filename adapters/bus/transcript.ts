import type { Msg } from '@nats-io/transport-node';
import type { Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';

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
        const code = error ? 0 : (message.headers?.code ?? 0);
        if (!error && code === 0) {
          if (repeats(message) === 1) found.push(heardFrom(message));
          return;
        }
        finish();
        if (code === END_OF_BATCH || code === NO_RESULTS) resolve(found);
        else
          reject(error ?? new Error(`transcript: ${code} ${message.headers?.description ?? ''}`));
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

function heardFrom(message: Msg): Heard {
  return { subject: message.headers?.get('Nats-Subject') ?? '', bytes: message.data };
}

/** How often the server has read this message out of a stream. It sends what it reads wherever the
 * reader asks, also to an address where only another assistant may speak: a word that was read
 * before it was said is nobody's. */
function repeats(message: Msg): number {
  return message.headers?.values('Nats-Stream').length ?? 0;
}

/** Calls `hear` for everything said under `filter` from now on, also what the stream then
 * refuses: the first word at an address counts. Returns how to stop. What is said while the
 * server is away is not heard here: read it afterwards. */
export function listen(bus: Bus, filter: string, hear: (heard: Heard) => void): () => void {
  const subscription = bus.connection.subscribe(filter, {
    callback: (error, message) => {
      if (error || repeats(message) > 0) return;
      hear({ subject: message.subject, bytes: message.data });
    },
  });
  return () => subscription.unsubscribe();
}
