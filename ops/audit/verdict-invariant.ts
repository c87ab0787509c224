import { canonical, digest } from './canonical.ts';
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

interface Decision {
  readonly seq: string;
  readonly id: string;
  readonly debate_id: string;
  readonly event_id: string;
  readonly username: string;
  readonly symbol: string;
  readonly close_ms: number;
  readonly action: string;
  readonly verdict: string;
  readonly confidence_bp: number;
  readonly consensus_reached: boolean;
  readonly reasoning: unknown;
  readonly votes: readonly StoredVote[];
  readonly arms: unknown;
  readonly weights_version: number;
  readonly config_version: number;
  readonly rules_version: number;
  readonly silent: readonly string[];
  readonly snapshot_hash: string;
  readonly regime: string | null;
  readonly held: string | null;
  readonly record: string | null;
  readonly said: readonly Said[] | null;
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

const DECISIONS = `select d.seq, d.id, d.debate_id, d.event_id, u.username, d.symbol,
    d.close_time as close_ms, d.action, d.verdict, d.confidence_bp, d.consensus_reached,
    d.reasoning, d.votes, d.arms, d.weights_version, d.config_version, d.rules_version, d.silent,
    d.snapshot_hash, m.snapshot #>> '{reading,regime}' as regime,
    m.snapshot #>> '{holdings,quantity}' as held, a.body ->> 'record' as record,
    (select jsonb_agg(jsonb_build_object('round', s.round, 'role', s.role, 'content', s.content)
       order by s.round) from utterances s
     where s.event_id = d.event_id and s.kind = 'ballot') as said
  from decisions d join users u on u.id = d.user_id
  left join motions m on m.event_id = d.event_id
  left join audit a on a.partition = 'decisions' and a.seq = d.seq and a.reference = d.id
  where d.seq > $1 order by d.seq`;

async function verdictsFollow(context: Context, tally: Tally): Promise<void> {
  const { db, memory } = context;
  const weights = await readWeights(context);
  const configs = await readConfigs(context);
  const from = memory.decisionSeq;
  let newest = from;
  const seen = await db.stream<Decision>(DECISIONS, [from], (rows) => {
    for (const decision of rows) {
      newest = Number(decision.seq);
      const config = configs.get(`${decision.username} ${decision.config_version}`);
      const base = weights.get(`${decision.weights_version} ${decision.regime}`);
      const fault =
        config === undefined || base === undefined || decision.held === null
          ? 'its motion, weights or configuration is not on record'
          : faultOf(decision, { config, base });
      if (fault !== null) tally.violate(decision.id, fault);
    }
  });
  tally.database += from + seen;
  // What was right once and has not been rewritten stays right; the chain shows a rewriting.
  if (tally.count === 0) memory.decisionSeq = newest;
}

interface Config {
  readonly multipliers: ReadonlyMap<string, bigint>;
  readonly thresholdBp: number;
  readonly quorum: number;
}

interface Grounds {
  readonly config: Config;
  readonly base: ReadonlyMap<string, bigint>;
}

function faultOf(decision: Decision, { config, base }: Grounds): string | null {
  const { votes, verdict, action } = decision;
  if (votes.map((vote) => vote.role).join() !== ASSISTANTS.join()) {
    return 'must have one vote of each assistant';
  }
  const silent = new Set(decision.silent);
  const heard = (decision.said ?? []).filter(
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
    holding: fixed(decision.held ?? '0') > 0n,
  });
  if (counted.verdict !== verdict || counted.action !== action) {
    return `recorded ${verdict} ${action}, its ballots make ${counted.verdict} ${counted.action}`;
  }
  if (counted.confidenceBp !== decision.confidence_bp) {
    return `recorded confidence ${decision.confidence_bp}, counted ${counted.confidenceBp}`;
  }
  if (decision.consensus_reached !== (verdict === 'consensus')) return 'contradicts its verdict';
  const off = votes.find((vote) => vote.shareBp !== (counted.shares.get(vote.role) ?? 0));
  if (off) return `${off.role} has ${off.shareBp} bp, counted ${counted.shares.get(off.role) ?? 0}`;
  return recordOf(decision) === decision.record ? null : 'is not the record its link commits to';
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

function recordOf(decision: Decision): string {
  return digest({
    id: decision.id,
    debateId: decision.debate_id,
    eventId: decision.event_id,
    username: decision.username,
    symbol: decision.symbol,
    closeTimeMs: decision.close_ms,
    snapshotHash: decision.snapshot_hash,
    action: decision.action,
    verdict: decision.verdict,
    confidenceBp: decision.confidence_bp,
    votes: decision.votes,
    reasoning: decision.reasoning,
    arms: decision.arms,
    weightsVersion: decision.weights_version,
    configVersion: decision.config_version,
    rulesVersion: decision.rules_version,
    silent: decision.silent,
  });
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

/** `username version` → what the user changed. */
async function readConfigs({ db }: Context): Promise<Map<string, Config>> {
  const rows = await db.rows<{
    key: string;
    weights: Record<string, number>;
    rules: { readonly thresholdBp?: number; readonly quorum?: number };
  }>(
    `select u.username || ' ' || c.version as key, c.assistant_weights as weights,
       c.custom_rules as rules from user_config c join users u on u.id = c.user_id`,
  );
  return new Map(
    rows.map(({ key, weights, rules }) => [
      key,
      {
        multipliers: new Map(
          Object.entries(weights).map(([role, by]) => [role, BigInt(Math.round(by * 10_000))]),
        ),
        thresholdBp: rules.thresholdBp ?? 0,
        quorum: rules.quorum ?? 0,
      },
    ]),
  );
}
