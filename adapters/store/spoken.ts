import { type Kysely, sql } from 'kysely';
import { ROLES, type Role } from '../../core/assistants/role.ts';
import type { Action, Kind, Stance } from '../../core/assistants/speech.ts';
import { type Silence, silenceAt } from '../../core/debate/silence.ts';
import type { SettledMotion, SettledOpinion } from '../../core/learning/contract.ts';
import { fromJson, type JsonValue } from './json.ts';
import type { Database } from './schema.ts';

/** Everything foretold of one motion. */
export type Said = Pick<SettledMotion, 'opinions' | 'decision' | 'forecasts'>;

/** What was said, decided and foretold of motions, by event id, without a word of the reasons. Who
 * was not heard in time has not spoken. */
export async function saidOf(
  db: Kysely<Database>,
  eventIds: readonly string[],
): Promise<(eventId: string) => Said> {
  if (eventIds.length === 0) return () => NOTHING;
  const [spoken, decided, foretold] = await Promise.all([
    spokenAbout(db, eventIds),
    decidedAbout(db, eventIds),
    foretoldAbout(db, eventIds),
  ]);
  const words = Map.groupBy(spoken, (row) => row.event_id);
  const decisions = new Map(decided.map((row) => [row.event_id, row]));
  const forecasts = Map.groupBy(foretold, (row) => row.event_id);
  return (eventId) => {
    const decision = decisions.get(eventId);
    const silences = new Set(fromJson<readonly Silence[]>(decision?.silent ?? []));
    const all = words.get(eventId) ?? [];
    const heard = all.filter((row) => !silences.has(placeOf(row)));
    return {
      opinions: ROLES.map((role) => opinionIn(heard, role)),
      decision: decision === undefined ? null : decisionIn(decision, { heard, silences }),
      forecasts: (forecasts.get(eventId) ?? []).map(({ part, answer }) => ({
        part: part === 'champion' ? 'champion' : 'challenger',
        forecast: fromJson(answer),
      })),
    };
  };
}

const NOTHING: Said = { opinions: [], decision: null, forecasts: [] };

/** Kinds that only a motion with a debate round has. */
const TALK: ReadonlySet<string> = new Set(['challenge', 'rebuttal', 'revision'] satisfies Kind[]);

function spokenAbout(db: Kysely<Database>, eventIds: readonly string[]) {
  return db
    .selectFrom('utterances')
    .select(['event_id', 'round', 'kind', 'role'])
    .select(sql<JsonValue>`content -> 'stance'`.as('stance'))
    .select(sql<number | null>`(content ->> 'confidenceBp')::integer`.as('confidence_bp'))
    .select(sql<string | null>`content ->> 'choice'`.as('choice'))
    .where('event_id', '=', anyOf(eventIds))
    .where('kind', 'in', ['opinion', 'challenge', 'revision', 'ballot'])
    .orderBy('event_id')
    .orderBy('round')
    .execute();
}

type SpokenRow = Awaited<ReturnType<typeof spokenAbout>>[number];

function placeOf({ round, kind, role }: SpokenRow): Silence {
  return silenceAt({ round, kind: kind as Kind, role: role as Role });
}

/** Rows in the order of rounds. The first ballot is the vote, as the judge has it. */
function opinionIn(heard: readonly SpokenRow[], role: Role): SettledOpinion {
  const own = heard.filter((row) => row.role === role);
  const opinion = own.find(({ kind, stance }) => kind === 'opinion' && stance !== null);
  const held = own.findLast(({ kind, stance }) => isHeld(kind) && stance !== null);
  const ballot = own.find(({ kind, choice }) => kind === 'ballot' && choice !== null);
  return {
    role,
    first: stanceIn(opinion),
    firstConfidenceBp: opinion?.confidence_bp ?? 0,
    last: stanceIn(held),
    choice: (ballot?.choice ?? null) as SettledOpinion['choice'],
  };
}

function isHeld(kind: string): boolean {
  return kind === 'opinion' || kind === 'revision';
}

function stanceIn(row: SpokenRow | undefined): Stance | null {
  return row === undefined ? null : fromJson<Stance | null>(row.stance);
}

/** The decision for the first user by name. A ballot that does not count has no share. */
function decidedAbout(db: Kysely<Database>, eventIds: readonly string[]) {
  const share = (action: Action) => sql<number>`coalesce((
    select sum((vote ->> 'shareBp')::integer) from jsonb_array_elements(decisions.votes) as vote
    where vote ->> 'choice' = ${action}), 0)::integer`;
  return db
    .selectFrom('decisions')
    .innerJoin('users', 'users.id', 'decisions.user_id')
    .distinctOn('decisions.event_id')
    .select(['decisions.event_id', 'action', 'verdict', 'arms', 'silent'])
    .select([share('BUY').as('buy'), share('SELL').as('sell'), share('HOLD').as('hold')])
    .where('event_id', '=', anyOf(eventIds))
    .orderBy('decisions.event_id')
    .orderBy('users.username')
    .execute();
}

type DecidedRow = Awaited<ReturnType<typeof decidedAbout>>[number];

interface Heard {
  readonly heard: readonly SpokenRow[];
  readonly silences: ReadonlySet<Silence>;
}

function decisionIn(row: DecidedRow, { heard, silences }: Heard): SettledMotion['decision'] {
  const { buy: buyBp, sell: sellBp, hold: holdBp } = row;
  const asked = [...silences].map((silence) => silence.split(' ')[1] ?? '');
  const kinds = [...heard.map(({ kind }) => kind), ...asked];
  return {
    action: row.action as Action,
    verdict: row.verdict as NonNullable<SettledMotion['decision']>['verdict'],
    stance: buyBp + sellBp + holdBp === 0 ? null : { buyBp, sellBp, holdBp },
    arms: fromJson(row.arms),
    contested: kinds.some((kind) => TALK.has(kind)),
    rounds: heard.reduce((most, { round }) => Math.max(most, round), 0),
  };
}

function foretoldAbout(db: Kysely<Database>, eventIds: readonly string[]) {
  return db
    .selectFrom('predictions')
    .select(['event_id', 'part', 'answer'])
    .where('event_id', '=', anyOf(eventIds))
    .orderBy('event_id')
    .orderBy('part')
    .orderBy('model_hash')
    .execute();
}

function anyOf(ids: readonly string[]) {
  return sql<string>`any(${[...ids]}::text[])`;
}
