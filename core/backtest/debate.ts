import type { Memory } from '../assistants/mind.ts';
import { ROLES, type Role } from '../assistants/role.ts';
import type { Snapshot } from '../assistants/snapshot.ts';
import { speak } from '../assistants/speak.ts';
import type { Kind, Utterance } from '../assistants/speech.ts';
import { askedFor } from '../debate/asking.ts';
import { explain, type Judgement, type Ruling, ruleOn } from '../debate/judge.ts';
import { initialDebate, transition } from '../debate/machine.ts';
import { positionsIn } from '../debate/positions.ts';
import { type DebateRecord, recordOf } from '../debate/record.ts';
import type { DebateRules } from '../debate/rules.ts';
import type { UserConfig } from '../debate/user-config.ts';
import type { RegimeWeights } from '../debate/weights.ts';
import type { AssistantCall, Gear } from './strategy.ts';

export interface DebateInputs {
  readonly snapshot: Snapshot;
  /** What each assistant remembers of its calls before this close. */
  readonly memories: Readonly<Record<Role, Memory>>;
  readonly weights: RegimeWeights;
  readonly rules: DebateRules;
  readonly userConfig: UserConfig;
  readonly gear: Gear;
}

export interface HeldDebate {
  readonly record: DebateRecord;
  readonly ruling: Ruling;
  /** In the order of `ROLES`. */
  readonly opinions: readonly AssistantCall[];
  /** In the full gear: every word, in the order of rounds, kinds and roles. The ids of mails are
   * left empty: there were none. */
  readonly transcript: readonly Utterance[] | null;
  readonly judgement: Judgement | null;
}

/** One whole debate in this process, as the ring holds it over the bus: the same machine says which
 * round comes next, the same rule who is asked, the same minds answer, the same judge rules. Kind
 * after kind, so that what was said is in the order in which it is heard. In the lean gear nothing
 * is put into words; what is decided does not depend on words. */
export function holdDebate(inputs: DebateInputs): HeldDebate {
  const { snapshot, rules, gear } = inputs;
  let said: readonly Utterance[] = [];
  let record = recordOf(said);
  let [state, effects] = transition(initialDebate(rules), { type: 'opened' });
  for (;;) {
    const asked = effects[0];
    if (asked?.type !== 'hold_round') break;
    const { round, kinds } = asked;
    for (const kind of kinds) said = hear(inputs, said, { round, kind });
    record = recordOf(said);
    const positions = positionsIn(record, { snapshot, round, rules });
    [state, effects] = transition(state, { type: 'round_closed', round, positions });
  }
  const ruled = ruleOn(record, inputs);
  return {
    record,
    ruling: ruled.ruling,
    opinions: callsIn(record),
    transcript: gear === 'full' ? said : null,
    judgement: gear === 'full' ? explain(record, ruled) : null,
  };
}

/** Round 1 alone: the first opinions, of everybody or of some; nobody hears anybody. */
export function firstRound(inputs: DebateInputs, roles: readonly Role[] = ROLES): DebateRecord {
  const said: Utterance[] = [];
  for (const role of roles)
    said.push(answerOf(inputs, { round: 1, kind: 'opinion', role }, NOTHING));
  return recordOf(said);
}

/** What has been said with this kind added: everyone who is asked answers before anybody hears an
 * answer. A list that was heard is never added to: who looked through it need not look again. */
function hear(
  inputs: DebateInputs,
  said: readonly Utterance[],
  { round, kind }: Call,
): readonly Utterance[] {
  const heard = round === 1 ? NOTHING : said;
  const all = said.slice();
  for (const role of askedFor(kind, round, heard)) {
    all.push(answerOf(inputs, { round, kind, role }, heard));
  }
  return all;
}

interface Call {
  readonly round: number;
  readonly kind: Kind;
}

const NOTHING: readonly Utterance[] = [];

function answerOf(
  { snapshot, memories, gear }: DebateInputs,
  { round, kind, role }: Call & { readonly role: Role },
  heard: readonly Utterance[],
): Utterance {
  const { eventId, symbol } = snapshot;
  const ask = { role, kind, round, snapshot, heard, memory: memories[role] };
  const content = speak({ ...ask, wordless: gear === 'lean' });
  // The mind's one entry returns the content of the kind it was asked for.
  return { debateId: '', eventId, symbol, round, kind, role, messageId: '', content } as Utterance;
}

/** Where everyone began and ended. */
export function callsIn({ byRole }: DebateRecord): readonly AssistantCall[] {
  return ROLES.map((role) => {
    const { held, ballot } = byRole[role];
    const first = held[0]?.opinion ?? null;
    return {
      role,
      first: first?.stance ?? null,
      firstConfidenceBp: (first?.confidenceBp ?? 0) | 0,
      last: held.at(-1)?.opinion.stance ?? null,
      choice: ballot?.choice ?? null,
    };
  });
}
