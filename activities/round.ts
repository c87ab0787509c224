import { gatherRound } from '../adapters/bus/round.ts';
import type { Mail } from '../core/assistants/mail.ts';
import type { Snapshot } from '../core/assistants/snapshot.ts';
import type { Kind, Utterance } from '../core/assistants/speech.ts';
import { askedFor, heardBefore } from '../core/debate/asking.ts';
import type { Position } from '../core/debate/machine.ts';
import { positionsAfter } from '../core/debate/positions.ts';
import type { DebateRules } from '../core/debate/rules.ts';
import { type Silence, silenceAt } from '../core/debate/silence.ts';
import { messageId } from '../core/identity.ts';
import type { MotionInput } from '../proto/docket.ts';
import { utteranceFeed } from '../proto/feed.ts';
import type { DebateDependencies } from './debate.ts';
import { buryRefused } from './refused.ts';

/** What one motion is asked for in one round. */
export interface RoundAsk {
  readonly motion: MotionInput;
  readonly round: number;
  readonly kinds: readonly Kind[];
}

/** One motion as the round sees it: its frozen facts, what has been said of it so far, and who was
 * asked in this round and not heard. */
export interface MotionFile {
  readonly ask: RoundAsk;
  readonly snapshot: Snapshot;
  readonly snapshotHash: string;
  said: readonly Utterance[];
  silent: readonly Silence[];
}

/** What one round came to for one motion. */
export interface RoundOutcome {
  readonly positions: readonly Position[];
  readonly silent: readonly Silence[];
}

export interface RoundOrder {
  readonly debateId: string;
  readonly files: readonly MotionFile[];
  readonly rules: DebateRules;
  readonly weightsVersion: number;
  readonly answerTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly heartbeat: (progress: unknown) => void;
}

/** Holds one round for every motion of a docket, kind after kind, all motions at once. Everything
 * said is on record before it is heard here, so a successor that repeats the round hears the
 * same. */
export async function holdRound(
  dependencies: DebateDependencies,
  order: RoundOrder,
): Promise<Record<string, RoundOutcome>> {
  const steps = Math.max(...order.files.map((file) => file.ask.kinds.length));
  for (let step = 0; step < steps; step += 1) {
    const groups = Map.groupBy(
      order.files.filter((file) => file.ask.kinds[step] !== undefined),
      (file) => `${file.ask.round} ${file.ask.kinds[step]}`,
    );
    await Promise.all(
      [...groups.values()].map((files) => gatherKind(dependencies, { ...order, files }, step)),
    );
  }
  return Object.fromEntries(
    order.files.map(({ ask: { motion, round }, snapshot, said, silent }) => {
      const positions = positionsAfter({ utterances: said, snapshot, round, rules: order.rules });
      return [motion.eventId, { positions, silent }];
    }),
  );
}

async function gatherKind(
  dependencies: DebateDependencies,
  order: RoundOrder,
  step: number,
): Promise<void> {
  const { bus, wire, feed, log } = dependencies;
  const [first] = order.files;
  const kind = first?.ask.kinds[step];
  if (first === undefined || kind === undefined) return;
  const { round } = first.ask;
  const asks = order.files.flatMap((file) => mailsOf(file, kind, order));
  if (asks.length === 0) return;
  const { debateId } = order;
  const result = await gatherRound({
    bus,
    wire,
    motions: order.files.map(({ ask: { motion } }) => ({ ...motion, debateId })),
    round,
    kind,
    asks,
    deadlineMs: order.answerTimeoutMs,
    heartbeat: order.heartbeat,
    signal: order.signal,
  });
  buryRefused(dependencies, { debateId, round, kind, result });
  for (const { role, symbol, why } of result.missing) {
    log.warn({ debateId, symbol, role, round, kind, why }, 'counted as silent');
  }
  for (const file of order.files) {
    const isMine = (one: { readonly eventId: string }): boolean =>
      one.eventId === file.ask.motion.eventId;
    const heard = result.said.filter(isMine);
    const before = file.said.filter((said) => said.round !== round || said.kind !== kind);
    file.said = [...before, ...heard];
    const silent = result.missing
      .filter(isMine)
      .map(({ role }) => silenceAt({ round, kind, role }));
    file.silent = [...file.silent, ...silent];
    for (const said of heard) feed(utteranceFeed(said, file.snapshot.closeTimeMs));
  }
}

/** One mail to each assistant that is asked for this kind. */
function mailsOf(file: MotionFile, kind: Kind, order: RoundOrder): Mail[] {
  const { snapshot, snapshotHash } = file;
  const { motion, round } = file.ask;
  const heard = heardBefore(file.said, round, kind);
  const address = { debateId: order.debateId, eventId: motion.eventId, round, kind };
  return askedFor(kind, round, heard).map((to) => ({
    ...address,
    messageId: messageId({
      ...address,
      from: 'ring',
      to,
      snapshotHash,
      heard: heard.map((said) => said.messageId),
      weightsVersion: order.weightsVersion,
      modelDigest: null,
    }),
    symbol: motion.symbol,
    to,
    snapshot,
    heard,
  }));
}
