import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  JetStreamApiError,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { ROLES } from '../../core/assistants/role.ts';
import { PARTITIONS, type Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';

/** One durable consumer: the mail of one role in one partition of symbols. */
export interface MailboxPlace {
  readonly stream: string;
  readonly consumer: string;
  readonly filter: string;
  /** Most deliveries one host holds at once. */
  readonly capacity: number;
}

/** As many letters as one host holds of one mailbox where nothing else is said. */
export const MAILBOX_CAPACITY = 32;
/** Within it the server lets one client at a time be active. */
export const PIN_GROUP = 'host';
/** The active client must ask this often to stay active: how long a dead one is waited for. */
const PIN_TTL_MS = 2_000;
/** A delivered mail not settled within this time is delivered again. */
const ACK_WAIT_MS = 2_000;

/** JetStream errors: there is no such consumer; one of this name has another configuration. */
const CONSUMER_NOT_FOUND = 10014;
const CONSUMER_EXISTS = 10148;

/** Makes the mailbox of every assistant, so that the assistants themselves need no right to make
 * consumers: whoever may make one chooses where the server sends what it holds. */
export async function ensureMailboxes(bus: Bus, wire: Wire): Promise<void> {
  const places = ROLES.flatMap((role) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({
      stream: wire.streams.MAIL,
      consumer: wire.mailConsumer(role, partition),
      filter: wire.mailFilter(role, partition),
      capacity: MAILBOX_CAPACITY,
    })),
  );
  await Promise.all(places.map((place) => ensureMailbox(bus, place)));
}

/** Makes a mailbox where it is missing or too small for `capacity`; looks first, because looking
 * needs no other right than reading it does. */
export async function ensureMailbox(bus: Bus, place: MailboxPlace): Promise<void> {
  const { stream, consumer } = place;
  const { consumers } = bus.manager;
  const room = roomFor(place.capacity);
  try {
    const { config } = await bus.link.guard(consumers.info(stream, consumer));
    if ((config.max_ack_pending ?? 0) >= room) return;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_NOT_FOUND) throw error;
  }
  const settings = settingsOf(place);
  try {
    await bus.link.guard(consumers.add(stream, settings));
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
    await bus.link.guard(consumers.update(stream, consumer, settings));
  }
}

type Settings = Partial<ConsumerConfig> & Pick<ConsumerConfig, 'ack_policy'>;

function settingsOf({ consumer, filter, capacity }: MailboxPlace): Settings {
  return {
    durable_name: consumer,
    filter_subject: filter,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: roomFor(capacity),
    priority_policy: 'pinned_client',
    priority_groups: [PIN_GROUP],
    priority_timeout: nanos(PIN_TTL_MS),
  };
}

/** Room for what a dead host holds beside what its successor takes. */
function roomFor(capacity: number): number {
  return capacity * 4;
}
