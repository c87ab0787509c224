import type { ShelfEvent } from '../../adapters/models/shelf.ts';
import type { Role } from '../../core/assistants/role.ts';
import type { Kind } from '../../core/assistants/speech.ts';

/** What happens in a host, as data: for logs, metrics, health and tests. Nothing here repeats
 * what a mail or an utterance says. */
export type HostEvent =
  | { readonly type: 'activated' | 'passivated'; readonly role: Role; readonly symbol: string }
  | {
      readonly type: 'answered';
      readonly role: Role;
      readonly symbol: string;
      readonly kind: Kind;
      readonly tookMs: number;
    }
  /** A mail that had been answered before: the stored answer was said again. */
  | { readonly type: 'repeated'; readonly role: Role; readonly symbol: string }
  /** The server delivered a mail again, here or elsewhere first. */
  | { readonly type: 'redelivered'; readonly role: Role; readonly deliveries: number }
  /** An actor threw: its state was dropped and it starts anew. */
  | {
      readonly type: 'restarted';
      readonly role: Role;
      readonly symbol: string;
      readonly tries: number;
      readonly reason: string;
    }
  | {
      readonly type: 'dead_letter';
      readonly role: Role;
      readonly code: string;
      readonly field: string;
      readonly contentHash: string;
    }
  /** Something else stands in the transcript where this assistant's word belongs. */
  | { readonly type: 'equivocation'; readonly role: Role; readonly symbol: string }
  | {
      readonly type: 'pin';
      readonly role: Role;
      readonly partition: number;
      readonly pinned: boolean;
    }
  | { readonly type: 'feed_fault'; readonly role: Role; readonly reason: string }
  | { readonly type: 'store_unavailable'; readonly reason: string }
  | ShelfEvent;

export interface HostCounts {
  answered: number;
  repeated: number;
  redelivered: number;
  restarted: number;
  deadLetters: number;
  equivocations: number;
}

export function noCounts(): HostCounts {
  return {
    answered: 0,
    repeated: 0,
    redelivered: 0,
    restarted: 0,
    deadLetters: 0,
    equivocations: 0,
  };
}

const COUNTED: Partial<Record<HostEvent['type'], keyof HostCounts>> = {
  answered: 'answered',
  repeated: 'repeated',
  redelivered: 'redelivered',
  restarted: 'restarted',
  dead_letter: 'deadLetters',
  equivocation: 'equivocations',
};

export function count(counts: HostCounts, event: HostEvent): void {
  const counted = COUNTED[event.type];
  if (counted) counts[counted] += 1;
}
