/** NATS headers of ours, and the two of others that we rely on. No header carries content: what an
 * assistant says or a venue is told is in the message's bytes alone. */
export const HEADERS = {
  /** Id of the mail a message is, or answers. */
  messageId: 'Corro-Message-Id',
  /** Name of the protobuf message in the bytes: `corro.v1.Mail`. */
  messageType: 'Corro-Message-Type',
  /** Code of `proto/errors.ts` in a refusing reply or a dead letter. */
  errorCode: 'Corro-Error-Code',
  /** Subject a dead letter was first sent to. */
  originSubject: 'Corro-Origin-Subject',
  /** Deliveries a dead letter had before it was given up. */
  deliveries: 'Corro-Deliveries',
  /** JetStream's dedupe window: an optimisation, never the guard (SAFETY §2). */
  dedupeId: 'Nats-Msg-Id',
  /** W3C trace context. */
  traceParent: 'traceparent',
} as const;

export const MESSAGE_TYPES = {
  mail: 'corro.v1.Mail',
  utterance: 'corro.v1.Utterance',
  marketEvent: 'corro.v1.MarketEvent',
  deadLetter: 'corro.v1.DeadLetter',
} as const;
