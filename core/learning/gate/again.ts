import type { PastCall } from '../../assistants/mind.ts';
import { ROLES, type Role } from '../../assistants/role.ts';
import type { Snapshot } from '../../assistants/snapshot.ts';
import { type DebateInputs, holdDebate } from '../../backtest/debate.ts';
import { wantedBy } from '../../debate/arms.ts';
import { type Judgement, judge } from '../../debate/judge.ts';
import { type DebateRecord, readRecord } from '../../debate/record.ts';
import { heardInTime } from '../../debate/silence.ts';
import { forEveryRole } from '../../debate/weights.ts';
import type { GateCandidate, GateCase, MarketMemory, RecordedDecision } from './case.ts';

/** One motion decided twice: as it is recorded, and with the candidate. */
export interface DecidedTwice {
  readonly motion: GateCase & { readonly recorded: RecordedDecision };
  readonly before: Judgement;
  readonly after: Judgement;
}

export interface Again {
  readonly decided: readonly DecidedTwice[];
  readonly undecided: number;
  readonly unreproduced: number;
}

/** Decides every motion again. New weights and rules are counted over the words that are on record;
 * a new model makes the strategist say something else, so the whole debate is held anew, twice:
 * without the change too, and what does not come to the recorded decision then is left out. */
export function decideAgain(
  cases: readonly GateCase[],
  candidate: GateCandidate,
  memories: readonly MarketMemory[],
): Again {
  const rehearsal = candidate.kind === 'model' ? new Rehearsal(candidate, memories) : null;
  const decided: DecidedTwice[] = [];
  let [undecided, unreproduced] = [0, 0];
  for (const motion of cases) {
    const { recorded } = motion;
    const twice =
      rehearsal === null ? countTwice(motion, candidate) : rehearsal.hold(motion, recorded);
    if (recorded === null) undecided += 1;
    else if (twice === null || !isAsRecorded(twice.before, recorded)) unreproduced += 1;
    else decided.push({ motion: { ...motion, recorded }, ...twice });
  }
  return { decided, undecided, unreproduced };
}

type Twice = Pick<DecidedTwice, 'before' | 'after'>;

function isAsRecorded({ verdict }: Judgement, recorded: RecordedDecision): boolean {
  const { action, kind, confidenceBp } = verdict;
  return (
    action === recorded.action &&
    kind === recorded.verdict &&
    confidenceBp === recorded.confidenceBp
  );
}

/** Other weights or rules over the same words. */
function countTwice(motion: GateCase, candidate: GateCandidate): Twice | null {
  const { recorded, snapshot } = motion;
  if (recorded === null) return null;
  const utterances = heardInTime(motion.utterances, motion.silent);
  const { weights, rules, userConfig } = recorded;
  const inputs = { utterances, snapshot, weights, rules, userConfig };
  const before = judge(inputs);
  if (candidate.kind === 'weights') {
    return { before, after: judge({ ...inputs, weights: candidate.weights }) };
  }
  if (candidate.kind === 'model') return null;
  const changed = { ...userConfig, rules: candidate.rules };
  return { before, after: judge({ ...inputs, userConfig: changed }) };
}

type Calls = Readonly<Record<Role, { readonly calls: PastCall[] }>>;

/** As many past calls as a mind is shown, as live: `actors/memory.ts`. */
const SHOWN_CALLS = 50;

/** The ring with another model, motion after motion: it remembers what it would have said. */
class Rehearsal {
  readonly #candidate: Extract<GateCandidate, { kind: 'model' }>;
  readonly #recorded: Map<string, Calls>;
  readonly #rehearsed: Map<string, Calls>;

  constructor(
    candidate: Extract<GateCandidate, { kind: 'model' }>,
    memories: readonly MarketMemory[],
  ) {
    this.#candidate = candidate;
    this.#recorded = copied(memories);
    this.#rehearsed = copied(memories);
  }

  hold(motion: GateCase, recorded: RecordedDecision | null): Twice | null {
    const { snapshot, eventId } = motion;
    const before = callsIn(this.#recorded, snapshot.symbol);
    const after = callsIn(this.#rehearsed, snapshot.symbol);
    const known = readRecord(motion.utterances);
    if (recorded === null) {
      remember(before, snapshot, known);
      remember(after, snapshot, known);
      return null;
    }
    const { weights, rules, userConfig } = recorded;
    const house = { weights, rules, userConfig, gear: 'full' } as const;
    const changed = withForecast(snapshot, this.#candidate.forecasts.get(eventId));
    const one = judged({ ...house, snapshot, memories: before });
    const other = judged({ ...house, snapshot: changed, memories: after });
    remember(before, snapshot, known);
    remember(after, snapshot, other.record);
    return { before: one.judgement, after: other.judgement };
  }
}

function callsIn(memories: Map<string, Calls>, symbol: string): Calls {
  const calls = memories.get(symbol) ?? forEveryRole(() => ({ calls: [] }));
  memories.set(symbol, calls);
  return calls;
}

function copied(memories: readonly MarketMemory[]): Map<string, Calls> {
  return new Map(
    memories.map(({ symbol, memories: own }) => [
      symbol,
      forEveryRole((role) => ({ calls: [...own[role].calls] })),
    ]),
  );
}

function withForecast(
  { forecast: _, ...snapshot }: Snapshot,
  forecast: Snapshot['forecast'],
): Snapshot {
  return forecast === undefined ? snapshot : { ...snapshot, forecast };
}

function judged(inputs: DebateInputs): {
  readonly record: DebateRecord;
  readonly judgement: Judgement;
} {
  const { record, judgement } = holdDebate(inputs);
  // The full gear always judges.
  return { record, judgement: judgement as Judgement };
}

/** Each assistant remembers its first opinion. */
function remember(memory: Calls, snapshot: Snapshot, { byRole }: DebateRecord): void {
  const close = snapshot.candles.at(-1)?.close ?? 0;
  for (const role of ROLES) {
    const first = byRole[role].held.find(({ revision }) => revision === null);
    if (first === undefined) continue;
    const { calls } = memory[role];
    const action = wantedBy(first.opinion);
    const { confidenceBp } = first.opinion;
    calls.push({ closeTimeMs: snapshot.closeTimeMs, action, confidenceBp, close });
    if (calls.length > SHOWN_CALLS) calls.shift();
  }
}
