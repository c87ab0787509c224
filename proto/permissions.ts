import { ROLES, type Role } from '../core/assistants/role.ts';
import {
  DEAD_ORIGINS,
  type DeadOrigin,
  PARTITIONS,
  PREDICT_VERB,
  VENUE_VERBS,
  type VenueVerb,
  type Wire,
} from './subjects.ts';

/** Who may say and hear what on the bus. Every list here is an allow list made by the builders of
 * `subjects.ts`: what no line grants is refused by the server. A new builder of subjects does not
 * compile until `FAMILIES` says whose it is. */

export type AssistantUser = `actor-${Role}`;
const PROCESS_USERS = ['operator', 'venue', 'order', 'decision', 'checker', 'learning'] as const;
type ProcessUser = (typeof PROCESS_USERS)[number];

/** `feed` is everybody without credentials. */
export type BusUser = ProcessUser | AssistantUser | 'feed';

export const ASSISTANT_USERS: readonly AssistantUser[] = ROLES.map(assistantUser);
export const BUS_USERS: readonly BusUser[] = [...PROCESS_USERS, ...ASSISTANT_USERS, 'feed'];

/** Lists of subjects and wildcards; an empty one allows nothing. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

export function assistantUser(role: Role): AssistantUser {
  return `actor-${role}`;
}

/** First token of every reply that comes to this user, and that nobody else may read. */
export function inboxPrefix(user: string): string {
  return `_INBOX_${user}`;
}

/** Everything one user of one ring may publish and subscribe to. */
export function permissionsOf(wire: Wire, user: BusUser): Permissions {
  const families = subjectFamilies(wire);
  const granted = (to: 'publish' | 'subscribe'): string[] =>
    families.filter((family) => family[to].includes(user)).flatMap(({ subjects }) => subjects);
  const inbox = user === 'feed' ? [] : [`${inboxPrefix(user)}.>`];
  const published = [...granted('publish'), ...streamRequests(wire, user), ...replies(user)];
  return {
    publish: [...new Set(published)],
    subscribe: [...new Set([...granted('subscribe'), ...inbox])],
  };
}

/** Subjects that the same users publish and hear. */
export interface SubjectFamily {
  readonly subjects: readonly string[];
  readonly publish: readonly BusUser[];
  readonly subscribe: readonly BusUser[];
}

/** Whatever of `Wire` is a subject; the rest are filters over these, readers, streams and ids. */
type SubjectName = Exclude<
  keyof Wire,
  | 'namespace'
  | 'streams'
  | 'streamSubjects'
  | 'queues'
  | 'partitionOf'
  | `parse${string}`
  | `${string}Filter`
  | `${string}Service`
  | `${string}WorkflowId`
  | 'mailConsumer'
  | 'feedTree'
  | `${string}ScheduleId`
  | 'learningSchedulePrefix'
>;

/** Only the order worker sends and recalls orders. A person's desk looks on. */
const ASKS: Record<VenueVerb, readonly BusUser[]> = {
  'order-new': ['order'],
  'order-cancel': ['order'],
  'order-query': ['order', 'operator'],
  'orders-open': ['order', 'operator'],
  trades: ['order', 'operator'],
  account: ['order', 'operator'],
  depth: ['order', 'decision', 'operator'],
  klines: ['order', 'decision', 'operator'],
  instruments: ['order', 'decision', 'operator'],
  time: ['order', 'decision', 'operator'],
  watch: ['order', 'decision', 'operator'],
};

/** The assistant whose host serves the models. */
const FORECASTER: Role = 'strategist';
const PREDICT_ASKERS: readonly BusUser[] = ['decision', 'learning'];

function buriers(origin: DeadOrigin): readonly BusUser[] {
  if (origin === 'debate') return ['decision'];
  if (origin === 'market') return ['operator'];
  if (origin === 'venue') return ['venue'];
  return [assistantUser(origin)];
}

/** An assistant speaks under its own name alone; its mail comes through its own consumers, so
 * nobody subscribes to mail. */
const FAMILIES = {
  mail: (wire) => [
    { subjects: ROLES.map((role) => wire.mailFilter(role)), publish: ['decision'], subscribe: [] },
  ],
  debate: (wire) => [
    ...ROLES.map((role) => ({
      subjects: [wire.debateFilter({ role })],
      publish: [assistantUser(role)],
      subscribe: [],
    })),
    { subjects: [wire.debateFilter({})], publish: [], subscribe: ['decision', 'operator'] },
  ],
  deadLetter: (wire) =>
    DEAD_ORIGINS.map((origin) => ({
      subjects: [wire.deadLetter(origin)],
      publish: buriers(origin),
      subscribe: ['operator'],
    })),
  assistant: (wire) => [
    ...ROLES.map((role) => ({
      subjects: [wire.assistantFilter(role)],
      publish: ['operator'] as const,
      subscribe: [assistantUser(role)],
    })),
    // What the models in service make of a market: asked by whoever freezes a motion's facts.
    {
      subjects: [wire.assistant(FORECASTER, PREDICT_VERB)],
      publish: PREDICT_ASKERS,
      subscribe: [],
    },
  ],
  market: (wire) => [
    {
      subjects: [wire.marketFilter({})],
      publish: ['venue', 'operator'],
      subscribe: ['operator'],
    },
  ],
  feed: (wire) => [
    {
      subjects: [wire.feedTree],
      publish: ['operator', 'decision', 'order'],
      subscribe: ['feed', 'operator'],
    },
    { subjects: [wire.feedFilter('learning')], publish: ['learning'], subscribe: [] },
  ],
  venue: (wire) =>
    VENUE_VERBS.map((verb) => ({
      subjects: [wire.venueFilter(verb)],
      publish: ASKS[verb],
      subscribe: ['venue'],
    })),
  executions: (wire) => [
    { subjects: [wire.executionsFilter()], publish: ['venue'], subscribe: ['order'] },
  ],
  haltRequest: (wire) => [
    {
      subjects: [wire.haltRequest],
      publish: ['checker', 'venue', 'operator'],
      subscribe: ['order'],
    },
  ],
  anchor: (wire) => [{ subjects: [wire.anchorFilter], publish: ['checker'], subscribe: [] }],
} satisfies Record<SubjectName, (wire: Wire) => readonly SubjectFamily[]>;

/** The families of one ring, the discovery of micro services among them. */
export function subjectFamilies(wire: Wire): readonly SubjectFamily[] {
  const own = Object.values<(wire: Wire) => readonly SubjectFamily[]>(FAMILIES);
  return [...own.flatMap((family) => family(wire)), ...discovery(wire)];
}

const DISCOVERY_VERBS = ['PING', 'INFO', 'STATS'] as const;

/** `$SRV.<verb>`, `.<name>` and `.<name>.<id>` (NATS ADR-32). Names of venues are not known
 * here. */
function discovery(wire: Wire): readonly SubjectFamily[] {
  const asked = (name: string, subscribe: readonly BusUser[]): SubjectFamily => ({
    subjects: DISCOVERY_VERBS.flatMap((verb) => [
      `$SRV.${verb}`,
      `$SRV.${verb}.${name}`,
      `$SRV.${verb}.${name}.*`,
    ]),
    publish: ['operator'],
    subscribe,
  });
  return [
    asked('*', ['venue']),
    asked(wire.safetyService, ['order']),
    ...ROLES.map((role) => asked(wire.assistantService(role), [assistantUser(role)])),
  ];
}

/** Whose inboxes a server of requests answers into. Answers are granted by name and not by the
 * server's `allow_responses`: that would let whoever asks have them sent to any subject. */
const ANSWERS: Partial<Record<BusUser, readonly BusUser[]>> = {
  operator: ['operator'],
  venue: ['order', 'decision', 'operator'],
  order: ['checker', 'venue', 'operator'],
};

function replies(user: BusUser): readonly string[] {
  const assistant = ASSISTANT_USERS.some((each) => each === user);
  const askers: readonly BusUser[] = assistant ? ['operator'] : (ANSWERS[user] ?? []);
  // Whoever answers for the models could else answer for the venue, and for the streams.
  const models = user === assistantUser(FORECASTER) ? PREDICT_ASKERS : [];
  return [
    ...askers.map((asker) => `${inboxPrefix(asker)}.>`),
    ...models.map((asker) => `${inboxPrefix(asker)}.${PREDICT_VERB}.>`),
  ];
}

/** Requests to JetStream itself, stream by stream and consumer by consumer. */
function streamRequests(wire: Wire, user: BusUser): readonly string[] {
  const { streams } = wire;
  const role = ROLES.find((each) => assistantUser(each) === user);
  if (role !== undefined) return assistantRequests(wire, role);
  if (user === 'operator') return operatorRequests(wire);
  if (user === 'decision') return [`$JS.API.DIRECT.GET.${streams.DEBATE}`];
  if (user !== 'checker') return [];
  const { ANCHOR } = streams;
  return [`$JS.API.DIRECT.GET.${ANCHOR}`, `$JS.API.DIRECT.GET.${ANCHOR}.${wire.anchorFilter}`];
}

/** Its mailbox, partition by partition, and what stands at its own addresses in the ring. */
function assistantRequests(wire: Wire, role: Role): readonly string[] {
  const { MAIL, DEBATE } = wire.streams;
  const consumers = Array.from({ length: PARTITIONS }, (_, each) => wire.mailConsumer(role, each));
  return [
    ...consumers.flatMap((consumer) => [
      `$JS.API.CONSUMER.INFO.${MAIL}.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${MAIL}.${consumer}`,
      `$JS.API.CONSUMER.UNPIN.${MAIL}.${consumer}`,
      `$JS.ACK.${MAIL}.${consumer}.>`,
    ]),
    `$JS.API.DIRECT.GET.${DEBATE}.${wire.debateFilter({ role })}`,
  ];
}

/** Streams and mailboxes are made and looked at; none is deleted, and none of their messages. */
function operatorRequests(wire: Wire): readonly string[] {
  const { MAIL } = wire.streams;
  const consumers = ROLES.flatMap((role) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      name: wire.mailConsumer(role, partition),
      filter: wire.mailFilter(role, partition),
    })),
  );
  return [
    '$JS.API.INFO',
    '$JS.API.STREAM.LIST',
    '$JS.API.STREAM.NAMES',
    ...Object.values(wire.streams).flatMap((stream) => [
      `$JS.API.STREAM.CREATE.${stream}`,
      `$JS.API.STREAM.UPDATE.${stream}`,
      `$JS.API.STREAM.INFO.${stream}`,
      `$JS.API.STREAM.MSG.GET.${stream}`,
      `$JS.API.DIRECT.GET.${stream}`,
      `$JS.API.DIRECT.GET.${stream}.>`,
      `$JS.API.CONSUMER.LIST.${stream}`,
      `$JS.API.CONSUMER.NAMES.${stream}`,
    ]),
    ...consumers.flatMap(({ name, filter }) => [
      `$JS.API.CONSUMER.CREATE.${MAIL}.${name}.${filter}`,
      `$JS.API.CONSUMER.INFO.${MAIL}.${name}`,
    ]),
  ];
}
