import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';

export interface StreamOptions {
  /** Copies of every stream; more than 1 needs a NATS cluster of at least that many servers. */
  readonly replicas?: number;
  readonly storage?: 'file' | 'memory';
  /** How long the transcript stays in NATS; Postgres keeps it for ever. */
  readonly debateMaxAgeMs?: number;
}

type NewStream = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MIB = 1024 * 1024;
/** A motion is some 25 mails of 3 to 15 KB: room on disk for about 1,000 motions, far more than are
 * asked about at once. The server sets this much aside. */
const MAIL_BYTES = { file: 256 * MIB, memory: 8 * MIB } as const;
/** JetStream error: a stream of this name exists with another configuration. */
const NAME_IN_USE = 10058;

/** Creates the ring's streams, or brings existing ones to this configuration. Safe to call
 * from every process at once. Throws what JetStream answers when a stream cannot be changed in
 * place. */
export async function ensureStreams(
  bus: Bus,
  wire: Wire,
  options: StreamOptions = {},
): Promise<void> {
  for (const config of streamConfigs(wire, options)) await ensureStream(bus, config);
}

async function ensureStream(bus: Bus, config: NewStream): Promise<void> {
  try {
    await bus.manager.streams.add(config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== NAME_IN_USE) throw error;
    const { name, ...changes } = config;
    await bus.manager.streams.update(name, changes);
  }
}

function streamConfigs(wire: Wire, options: StreamOptions): readonly NewStream[] {
  const { streams, streamSubjects } = wire;
  const shared = {
    storage: options.storage === 'memory' ? StorageType.Memory : StorageType.File,
    num_replicas: options.replicas ?? 1,
    retention: RetentionPolicy.Limits,
    allow_direct: true,
  };
  return [
    {
      ...shared,
      name: streams.MAIL,
      subjects: [...streamSubjects.MAIL],
      description: 'Mailboxes of the assistants: who is asked what',
      // A question older than the longest debate (SAFETY §1.6) has no one left to hear the answer.
      max_age: nanos(15 * MINUTE_MS),
      // What is pushed out unanswered is asked again by its round, as if it had been lost.
      max_bytes: MAIL_BYTES[options.storage ?? 'file'],
      duplicate_window: nanos(2 * MINUTE_MS),
      discard: DiscardPolicy.Old,
    },
    {
      ...shared,
      name: streams.DEBATE,
      subjects: [...streamSubjects.DEBATE],
      description: 'What was said in the ring: one utterance a subject, never overwritten',
      max_age: nanos(options.debateMaxAgeMs ?? DAY_MS),
      duplicate_window: nanos(2 * MINUTE_MS),
      // Whoever publishes without `expectedLastSubjectSequence` is still refused the second time.
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
      max_msgs_per_subject: 1,
    },
    {
      ...shared,
      name: streams.MARKET,
      subjects: [...streamSubjects.MARKET],
      description: 'Closed candles',
      max_age: nanos(DAY_MS),
      duplicate_window: nanos(2 * MINUTE_MS),
      max_msgs_per_subject: 2_000,
      discard: DiscardPolicy.Old,
    },
    {
      ...shared,
      name: streams.DEAD,
      subjects: [...streamSubjects.DEAD],
      description: 'Messages nobody could read or answer: why, and the hash of their bytes',
      max_age: nanos(14 * DAY_MS),
      duplicate_window: nanos(2 * MINUTE_MS),
      max_bytes: 64 * MIB,
      discard: DiscardPolicy.Old,
    },
    {
      ...shared,
      name: streams.ANCHOR,
      subjects: [...streamSubjects.ANCHOR],
      description: 'Signed heads of the audit chains, one a minute and partition',
      duplicate_window: nanos(2 * MINUTE_MS),
      max_msgs_per_subject: 10_000,
      discard: DiscardPolicy.Old,
    },
  ];
}
