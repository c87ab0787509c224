import { headers, type Msg, nuid, type Subscription } from '@nats-io/transport-node';
import type { Bus } from './connect.ts';

/** NATS micro services (https://github.com/nats-io/nats-architecture-and-design, ADR-32): the
 * service answers `$SRV.PING|INFO|STATS[.name[.id]]`, so `nats micro ls` and `nats micro stats`
 * show it. Ours, because `@nats-io/services` brings a second nats-core of another version. */
export interface MicroService {
  readonly id: string;
  stop(): void;
}

export interface MicroEndpoint {
  readonly name: string;
  readonly subject: string;
  /** Requests are shared between the members of this group; `null`: every instance answers. */
  readonly queueGroup?: string | null;
  /** Returns the reply's bytes. A throw is answered with the micro error headers and counted. */
  handle(request: Msg): Promise<Uint8Array> | Uint8Array;
}

/** Work that does not come as requests (mail from a stream), shown as an endpoint all the same. */
export interface MicroObserved {
  readonly name: string;
  readonly subject: string;
  stats(): MicroWork;
}

export interface MicroWork {
  readonly requests: number;
  readonly errors: number;
  readonly lastError: string;
  /** Nanoseconds, as the protocol wants them. */
  readonly processingNs: number;
}

export interface MicroOptions {
  /** `[A-Za-z0-9_-]+` */
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly description: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly endpoints: readonly MicroEndpoint[];
  readonly observed?: readonly MicroObserved[];
}

interface EndpointStats {
  readonly endpoint: MicroEndpoint;
  requests: number;
  errors: number;
  lastError: string;
  processingNs: number;
}

const VERBS = ['PING', 'INFO', 'STATS'] as const;
type Verb = (typeof VERBS)[number];

const QUEUE_GROUP = 'q';
const ERROR_CODE = 500;

/** Registers a service until `stop`. Subscriptions survive reconnects by themselves. */
export function startMicroService(bus: Bus, options: MicroOptions): MicroService {
  const id = nuid.next();
  const started = new Date().toISOString();
  const stats = options.endpoints.map(newStats);
  const subscriptions: Subscription[] = stats.map((entry) => serveEndpoint(bus, entry));
  const observed = options.observed ?? [];
  const replies: Record<Verb, () => unknown> = {
    PING: () => identity('ping', id, options),
    INFO: () => ({
      ...identity('info', id, options),
      description: options.description,
      endpoints: [...options.endpoints, ...observed].map(endpointInfo),
    }),
    STATS: () => ({
      ...identity('stats', id, options),
      started,
      endpoints: [
        ...stats.map((entry) => endpointStats(entry.endpoint, entry)),
        ...observed.map((entry) => endpointStats(entry, entry.stats())),
      ],
    }),
  };
  for (const verb of VERBS) {
    const base = `$SRV.${verb}`;
    for (const subject of [base, `${base}.${options.name}`, `${base}.${options.name}.${id}`]) {
      const answer = (_error: Error | null, request: Msg): void => {
        if (request.reply) request.respond(JSON.stringify(replies[verb]()));
      };
      subscriptions.push(bus.connection.subscribe(subject, { callback: answer }));
    }
  }
  return {
    id,
    stop: () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}

function serveEndpoint(bus: Bus, stats: EndpointStats): Subscription {
  const { subject, queueGroup } = stats.endpoint;
  const callback = (error: Error | null, request: Msg): void => {
    if (!error && isAsked(request)) void answerRequest(stats, request, bus);
  };
  return queueGroup === null
    ? bus.connection.subscribe(subject, { callback })
    : bus.connection.subscribe(subject, { callback, queue: queueGroup ?? QUEUE_GROUP });
}

/** Whether a client asks, and not the server on behalf of one: JetStream answers and delivers to
 * any subject that a client names as its reply, also to one that this client may not publish to.
 * Such a message bears no inbox to answer into. */
function isAsked({ reply }: Msg): boolean {
  return reply?.startsWith('_INBOX') === true;
}

async function answerRequest(stats: EndpointStats, request: Msg, bus: Bus): Promise<void> {
  const startedNs = process.hrtime.bigint();
  stats.requests += 1;
  try {
    const reply = await stats.endpoint.handle(request);
    if (request.reply) request.respond(reply);
  } catch (error) {
    stats.errors += 1;
    stats.lastError = error instanceof Error ? error.message : String(error);
    if (request.reply) respondError(request, stats.lastError, bus);
  } finally {
    stats.processingNs += Number(process.hrtime.bigint() - startedNs);
  }
}

function respondError(request: Msg, text: string, bus: Bus): void {
  if (bus.connection.isClosed() || bus.connection.isDraining()) return;
  const answer = headers();
  answer.set('Nats-Service-Error', text.replace(/[\r\n]+/g, ' ').slice(0, 200));
  answer.set('Nats-Service-Error-Code', String(ERROR_CODE));
  request.respond('', { headers: answer });
}

function newStats(endpoint: MicroEndpoint): EndpointStats {
  return { endpoint, requests: 0, errors: 0, lastError: '', processingNs: 0 };
}

function identity(type: string, id: string, options: MicroOptions): Record<string, unknown> {
  const { name, version, metadata } = options;
  return {
    type: `io.nats.micro.v1.${type}_response`,
    name,
    id,
    version,
    metadata: metadata ?? {},
  };
}

type Shown = Pick<MicroEndpoint, 'name' | 'subject' | 'queueGroup'>;

function endpointInfo({ name, subject, queueGroup }: Shown): Record<string, unknown> {
  return { name, subject, queue_group: queueGroup ?? QUEUE_GROUP, metadata: {} };
}

function endpointStats(shown: Shown, work: MicroWork): Record<string, unknown> {
  const { requests, errors, lastError, processingNs } = work;
  return {
    ...endpointInfo(shown),
    num_requests: requests,
    num_errors: errors,
    last_error: lastError,
    processing_time: processingNs,
    average_processing_time: requests === 0 ? 0 : Math.round(processingNs / requests),
  };
}
