import { canonical, canonicalOf, sha256 } from './canonical.ts';
import type { Context, Invariant } from './context.ts';
import { ASSISTANTS, count, HOUSE_RULES, type Rules } from './count.ts';
import type { Tally } from './finding.ts';
import { fixed } from './fixed.ts';

/** 7: the verdict follows from the ballots. */
export const VERDICT_INVARIANTS: readonly Invariant[] = [
  {
    number: 7,
    says: 'A decision follows from its ballots, weights and rules; one ballot each; vetoes hold.',
    unchecked:
      'why a ballot was void or discounted, the arguments shown and the control arms: `corro ' +
      'verify` recomputes them, here the record’s own word is taken',
    check: verdictsFollow,
  },
];

interface StoredVote {
  readonly role: string;
  readonly status: string;
  readonly choice: string | null;
  readonly confidenceBp: number;
  readonly shareBp: number;
  readonly worthBp: number;
}

/** What several people's decisions about one event have in common comes with the first of them
 * alone: the `same…` say that a row is as the one before it. */
interface Decision {
  readonly seq: string;
  readonly id: string;
  readonly debate_id: string;
  readonly event_id: string;
  readonly user: string;
  readonly symbol: string;
  readonly close_ms: number;
  readonly action: string;
  readonly verdict: string;
  readonly confidence_bp: number;
  readonly consensus_reached: boolean;
  readonly weights_version: number;
  readonly config_version: number;
  readonly rules_version: number;
  readonly snapshot_hash: string;
  readonly record: string | null;
  readonly same_event: boolean;
  readonly same_speech: boolean;
  readonly votes: readonly StoredVote[] | null;
  readonly reasoning: unknown;
  readonly arms: unknown;
  readonly silent: readonly string[] | null;
  readonly motion: Motion | null;
}

/** What is on record of the event, beside the decision. */
interface Motion {
  readonly regime: string | null;
  /** Base units; null: there is no such motion. */
  readonly held: string | null;
  readonly said: readonly Said[] | null;
}

/** What a decision says that others may say too, and its canonical texts. */
interface Speech {
  readonly votes: readonly StoredVote[];
  readonly silent: readonly string[];
  readonly texts: Readonly<Record<'votes' | 'reasoning' | 'arms' | 'silent', string>>;
}

interface Said {
  readonly round: number;
  readonly role: string;
  readonly content: {
    readonly choice: string;
    readonly confidenceBp: number;
    readonly veto: unknown;
  } | null;
}

/** Compared where they are, so that what is the same is neither sent nor read again. In the order
 * of the index, and without a join that could lose it. */
const DECISIONS = `select seq, id, debate_id, event_id, user_id::text as user, symbol,
    close_time as close_ms, action, verdict, confidence_bp, consensus_reached, weights_version,
    config_version, rules_version, snapshot_hash, same_event, same_speech,
    case when same_speech then null else votes end as votes,
    case when same_speech then null else reasoning end as reasoning,
    case when same_speech then null else arms end as arms,
    case when same_speech then null else silent end as silent,
    case when same_event then null else (
      select jsonb_build_object('regime', m.snapshot #> '{reading,regime}',
        'held', m.snapshot #> '{holdings,quantity}', 'said', (
          select jsonb_agg(jsonb_build_object('round', s.round, 'role', s.role,
            'content', s.content) order by s.round)
          from utterances s where s.event_id = m.event_id and s.kind = 'ballot'))
      from motions m where m.event_id = d.event_id) end as motion,
    (select a.body ->> 'record' from audit a where a.partition = 'decisions' and a.seq = d.seq
       and a.reference = d.id) as record
  from (select *, coalesce(event_id = lag(event_id) over w, false) as same_event,
      coalesce(votes = lag(votes) over w and silent = lag(silent) over w
        and reasoning = lag(reasoning) over w and arms = lag(arms) over w, false) as same_speech
    from decisions where seq > $1 window w as (order by seq)) d order by seq`;

async function verdictsFollow(context: Context, tally: Tally): Promise<void> {
  const { db, memory } = context;
  const from = memory.decisionSeq;
  const judge = new Judge({
    names: await readNames(context),
    weights: await readWeights(context),
    configs: await readConfigs(context),
  });
  let newest = from;
  const seen = await db.stream<Decision>(DECISIONS, [from], (rows) => {
    for (const decision of rows) {
      newest = Number(decision.seq);
      const fault = judge.faultOf(decision);
      if (fault !== null) tally.violate(decision.id, fault);
    }
  });
  tally.database += from + seen;
  // What was right once and has not been rewritten stays right; the chain shows a rewriting.
  if (tally.count === 0) memory.decisionSeq = newest;
}

interface Versions {
  /** Names by user id. */
  readonly names: ReadonlyMap<string, string>;
  readonly weights: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
  readonly configs: ReadonlyMap<string, Config>;
}

const NO_MOTION: Motion = { regime: null, held: null, said: null };

/** Judges decisions in their order. Decisions that say the same, about one event, under the same
 * weights and rules, are counted once: the count is a function of nothing else. */
class Judge {
  readonly #versions: Versions;
  #motion: Motion = NO_MOTION;
  #speech: Speech | null = null;
  /** By everything the count depends on, since the speech or the event last changed. */
  readonly #counted = new Map<string, string | null>();

  constructor(versions: Versions) {
    this.#versions = versions;
  }

  faultOf(decision: Decision): string | null {
    if (!decision.same_event || !decision.same_speech) this.#counted.clear();
    if (!decision.same_event) this.#motion = decision.motion ?? NO_MOTION;
    if (!decision.same_speech) this.#speech = speechOf(decision);
    const speech = this.#speech as Speech;
    const fault = this.#countFault(decision, speech);
    if (fault !== null) return fault;
    const username = this.#versions.names.get(decision.user) ?? '';
    return recordOf(decision, { username, speech }) === decision.record
      ? null
      : 'is not the record its link commits to';
  }

  #countFault(decision: Decision, speech: Speech): string | null {
    const motion = this.#motion;
    const { configs, weights } = this.#versions;
    const config = configs.get(`${decision.user} ${decision.config_version}`);
    const base = weights.get(`${decision.weights_version} ${motion.regime}`);
    if (config === undefined || base === undefined || motion.held === null) {
      return 'its motion, weights or configuration is not on record';
    }
    const { action, verdict, confidence_bp, consensus_reached, rules_version } = decision;
    const says = [action, verdict, confidence_bp, consensus_reached, rules_version];
    const key = [...says, decision.weights_version, config.text].join(' ');
    const known = this.#counted.get(key);
    if (known !== undefined) return known;
    const fault = countFault(decision, { speech, motion, config, base });
    this.#counted.set(key, fault);
    return fault;
  }
}

function speechOf({ votes, silent, reasoning, arms }: Decision): Speech {
  return {
    votes: votes ?? [],
    silent: silent ?? [],
    texts: {
      votes: canonical(votes),
      reasoning: canonical(reasoning),
      arms: canonical(arms),
      silent: canonical(silent),
    },
  };
}

interface Config {
  /** All of it, as it is stored. */
  readonly text: string;
  readonly multipliers: ReadonlyMap<string, bigint>;
  readonly thresholdBp: number;
  readonly quorum: number;
}

interface Grounds {
  readonly speech: Speech;
  readonly motion: Motion;
  readonly config: Config;
  readonly base: ReadonlyMap<string, bigint>;
}

function countFault(decision: Decision, grounds: Grounds): string | null {
  const { speech, motion, config, base } = grounds;
  const { verdict, action } = decision;
  const { votes } = speech;
  if (votes.map((vote) => vote.role).join() !== ASSISTANTS.join()) {
    return 'must have one vote of each assistant';
  }
  const silent = new Set(speech.silent);
  const heard = (motion.said ?? []).filter(
    ({ round, role, content }) => content !== null && !silent.has(`${round} ballot ${role}`),
  );
  for (const vote of votes) {
    const fault = voteFault(vote, heard);
    if (fault !== null) return `${vote.role} ${fault}`;
  }
  const house = HOUSE_RULES[decision.rules_version];
  if (house === undefined) return `names rules ${decision.rules_version}, which nobody made`;
  const counted = count({
    ballots: votes
      .filter((vote) => vote.status === 'counted')
      .map(({ role, choice, confidenceBp, worthBp }) => {
        return { role, choice: choice ?? 'ABSTAIN', confidenceBp, worthBp };
      }),
    weights: new Map(
      ASSISTANTS.map((role) => [
        role,
        (base.get(role) ?? 0n) * (config.multipliers.get(role) ?? 10_000n),
      ]),
    ),
    rules: stricter(house, config),
    vetoed: heard.some(({ role, content }) => role === 'risk_manager' && isVeto(content?.veto)),
    holding: fixed(motion.held ?? '0') > 0n,
  });
  if (counted.verdict !== verdict || counted.action !== action) {
    return `recorded ${verdict} ${action}, its ballots make ${counted.verdict} ${counted.action}`;
  }
  if (counted.confidenceBp !== decision.confidence_bp) {
    return `recorded confidence ${decision.confidence_bp}, counted ${counted.confidenceBp}`;
  }
  if (decision.consensus_reached !== (verdict === 'consensus')) return 'contradicts its verdict';
  const off = votes.find((vote) => vote.shareBp !== (counted.shares.get(vote.role) ?? 0));
  return off
    ? `${off.role} has ${off.shareBp} bp, counted ${counted.shares.get(off.role) ?? 0}`
    : null;
}

/** Whatever its words: anything but nothing. */
function isVeto(veto: unknown): boolean {
  return veto !== null && veto !== undefined;
}

function stricter(house: Rules, config: Config): Rules {
  return {
    ...house,
    thresholdBp: Math.max(house.thresholdBp, config.thresholdBp),
    quorum: Math.max(house.quorum, config.quorum),
  };
}

/** Whether a vote is the ballot that was cast, and the only one. */
function voteFault(vote: StoredVote, heard: readonly Said[]): string | null {
  const own = heard.filter((said) => said.role === vote.role).map((said) => said.content);
  const texts = new Set(own.map(canonical));
  const [ballot] = own;
  if (!ballot) return vote.status === 'silent' && vote.choice === null ? null : 'cast no ballot';
  if (vote.status === 'void') return vote.shareBp === 0 ? null : 'is void and has a share';
  if (texts.size > 1) return `cast two different ballots and is ${vote.status}`;
  if (vote.choice !== ballot.choice || vote.confidenceBp !== ballot.confidenceBp) {
    return `voted ${ballot.choice} ${ballot.confidenceBp}, recorded ${vote.choice}`;
  }
  const status = ballot.choice === 'ABSTAIN' ? 'abstained' : 'counted';
  return vote.status === status ? null : `must be ${status}, is ${vote.status}`;
}

function recordOf(
  decision: Decision,
  { username, speech }: { readonly username: string; readonly speech: Speech },
): string {
  return sha256(
    canonicalOf({
      ...speech.texts,
      id: canonical(decision.id),
      debateId: canonical(decision.debate_id),
      eventId: canonical(decision.event_id),
      username: canonical(username),
      symbol: canonical(decision.symbol),
      closeTimeMs: canonical(decision.close_ms),
      snapshotHash: canonical(decision.snapshot_hash),
      action: canonical(decision.action),
      verdict: canonical(decision.verdict),
      confidenceBp: canonical(decision.confidence_bp),
      weightsVersion: canonical(decision.weights_version),
      configVersion: canonical(decision.config_version),
      rulesVersion: canonical(decision.rules_version),
    }),
  );
}

async function readNames({ db }: Context): Promise<Map<string, string>> {
  const rows = await db.rows<{ id: string; username: string }>(
    'select id::text as id, username from users',
  );
  return new Map(rows.map(({ id, username }) => [id, username]));
}

/** `version regime` → weight by role. */
async function readWeights({ db }: Context): Promise<Map<string, Map<string, bigint>>> {
  const rows = await db.rows<{
    version: number;
    weights: Record<string, Record<string, number>>;
  }>('select version, regime_weights as weights from weights');
  return new Map(
    rows.flatMap(({ version, weights }) =>
      Object.entries(weights).map(([regime, byRole]) => [
        `${version} ${regime}`,
        new Map(Object.entries(byRole).map(([role, weight]) => [role, BigInt(weight)])),
      ]),
    ),
  );
}

/** `user version` → what the user changed. */
async function readConfigs({ db }: Context): Promise<Map<string, Config>> {
  const rows = await db.rows<{
    key: string;
    weights: Record<string, number>;
    rules: { readonly thresholdBp?: number; readonly quorum?: number };
  }>(
    `select user_id || ' ' || version as key, assistant_weights as weights, custom_rules as rules
     from user_config`,
  );
  return new Map(
    rows.map(({ key, weights, rules }) => [
      key,
      {
        text: canonical([weights, rules]),
        multipliers: new Map(
          Object.entries(weights).map(([role, by]) => [role, BigInt(Math.round(by * 10_000))]),
        ),
        thresholdBp: rules.thresholdBp ?? 0,
        quorum: rules.quorum ?? 0,
      },
    ]),
  );
}
