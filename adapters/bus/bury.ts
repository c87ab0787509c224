import { createHash } from 'node:crypto';
import type { DeadLetter } from '../../proto/messages.ts';
import type { DeadOrigin, Wire } from '../../proto/subjects.ts';
import type { Bus } from './connect.ts';
import { publishDeadLetter } from './publish.ts';

/** A message nobody could read or believe, and why. */
export interface Corpse {
  readonly origin: DeadOrigin;
  /** Where it was said. */
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly code: DeadLetter['code'];
  readonly field: string;
  /** Times the server delivered it, from 1. */
  readonly deliveries?: number;
}

/** Buries a message without its content: where it was sent, why it was refused, how long it was,
 * and the hash of its bytes. Returns that hash once the letter is stored; throws what
 * `publishDeadLetter` throws. */
export async function bury(
  bus: Bus,
  wire: Wire,
  { corpse, deadlineMs }: { readonly corpse: Corpse; readonly deadlineMs: number },
): Promise<string> {
  const { origin, subject, bytes, code, field, deliveries = 1 } = corpse;
  const contentHash = createHash('sha256').update(bytes).digest('hex');
  const letter = {
    subject,
    code,
    field,
    deliveries,
    sizeBytes: bytes.byteLength,
    recordedAtMs: Date.now(),
    payload: new Uint8Array(),
  };
  await publishDeadLetter(bus, wire, { origin, letter, contentHash, deadlineMs });
  return contentHash;
}
