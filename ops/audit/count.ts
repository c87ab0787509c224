/** The weighted count and its verdict, written a second time from `core/debate/SPEC.md` alone, in
 * whole numbers. It shares no line with the count it judges. */

export const ASSISTANTS = [
  'market_monitor',
  'technical_analyst',
  'fundamental_analyst',
  'risk_manager',
  'strategist',
  'executor',
  'auditor',
] as const;

const READS_TEXT = 'fundamental_analyst';

export interface Ballot {
  readonly role: string;
  readonly choice: string;
  readonly confidenceBp: number;
  readonly worthBp: number;
}

/** What one version of the house rules says; a user can only raise threshold and quorum. */
export interface Rules {
  readonly thresholdBp: number;
  readonly quorum: number;
  readonly textCapBp: number;
}

/** By version, for ever. */
export const HOUSE_RULES: Readonly<Record<number, Rules>> = {
  1: { thresholdBp: 5_000, quorum: 5, textCapBp: 2_000 },
};

export interface Counted {
  readonly verdict: string;
  readonly action: string;
  readonly confidenceBp: number;
  /** Basis points of the weight cast, by role. */
  readonly shares: ReadonlyMap<string, number>;
}

export interface Vote {
  readonly ballots: readonly Ballot[];
  /** Base × user, by role. */
  readonly weights: ReadonlyMap<string, bigint>;
  readonly rules: Rules;
  readonly vetoed: boolean;
  readonly holding: boolean;
}

interface Weighed extends Ballot {
  readonly weight: bigint;
}

interface Sums {
  readonly cast: readonly Weighed[];
  readonly leader: string | null;
  readonly side: string | null;
  readonly passes: boolean;
  readonly confidenceBp: number;
}

export function count(vote: Vote): Counted {
  const all = sumUp(vote, vote.ballots);
  const numeric = vote.ballots.filter((ballot) => ballot.role !== READS_TEXT);
  const without = sumUp(vote, numeric);
  const wanted = agreement(all);
  const riskier = riskOf(wanted) > riskOf(agreement(without));
  const backed = numeric.filter((ballot) => ballot.choice === wanted).length >= 2;
  const used = riskier && !backed ? without : all;
  const verdict = verdictOf(vote, { quorate: all.cast.length >= vote.rules.quorum, used });
  return {
    verdict,
    action: verdict === 'consensus' ? (used.leader ?? 'HOLD') : 'HOLD',
    confidenceBp: verdict === 'inquorate' ? 0 : used.confidenceBp,
    shares: sharesOf(used.cast),
  };
}

function verdictOf(
  vote: Vote,
  { quorate, used }: { readonly quorate: boolean; readonly used: Sums },
): string {
  if (!quorate) return 'inquorate';
  const action = used.passes ? used.leader : used.side;
  const addsRisk = action === 'BUY' || (action === 'SELL' && !vote.holding);
  if (vote.vetoed && addsRisk) return 'vetoed';
  return used.passes ? 'consensus' : 'no_consensus';
}

function sumUp({ weights, rules }: Vote, ballots: readonly Ballot[]): Sums {
  const cast = capped(weigh(ballots, weights), BigInt(rules.textCapBp));
  const total = add(cast);
  const forAction = (action: string): bigint =>
    add(cast.filter((ballot) => ballot.choice === action));
  const leader = most(['BUY', 'SELL', 'HOLD'], forAction);
  const led = leader === null ? 0n : forAction(leader);
  const sure = cast
    .filter((ballot) => ballot.choice === leader)
    .reduce((sum, ballot) => sum + ballot.weight * BigInt(ballot.confidenceBp), 0n);
  return {
    cast,
    leader,
    side: most(['BUY', 'SELL'], forAction),
    passes: led * 10_000n > total * BigInt(rules.thresholdBp),
    confidenceBp: led === 0n ? 0 : Number(sure / led),
  };
}

function weigh(ballots: readonly Ballot[], weights: ReadonlyMap<string, bigint>): Weighed[] {
  return ASSISTANTS.flatMap((role) => {
    const own = ballots.filter((ballot) => ballot.role === role);
    const [ballot] = own;
    if (ballot === undefined || own.length > 1 || ballot.choice === 'ABSTAIN') return [];
    const weight = (weights.get(role) ?? 0n) * BigInt(ballot.worthBp);
    return weight > 0n ? [{ ...ballot, weight }] : [];
  });
}

/** Text is at most its cap of all that is cast; what it loses the others gain. */
function capped(cast: readonly Weighed[], cap: bigint): readonly Weighed[] {
  const text = add(cast.filter((ballot) => ballot.role === READS_TEXT));
  const rest = add(cast) - text;
  if (text * 10_000n <= (text + rest) * cap) return cast;
  return cast
    .map((ballot) => {
      const scale = ballot.role === READS_TEXT ? cap * rest : (10_000n - cap) * text;
      return { ...ballot, weight: ballot.weight * scale };
    })
    .filter((ballot) => ballot.weight > 0n);
}

function add(cast: readonly Weighed[]): bigint {
  let total = 0n;
  for (const ballot of cast) total += ballot.weight;
  return total;
}

/** Which one is greater than every other; null when none is, or all are nothing. */
function most(actions: readonly string[], of: (action: string) => bigint): string | null {
  const sums = actions.map(of);
  const best = sums.reduce((high, sum) => (sum > high ? sum : high), 0n);
  const at = sums.flatMap((sum, index) => (sum === best ? [index] : []));
  return best > 0n && at.length === 1 ? (actions[at[0] ?? 0] ?? null) : null;
}

function agreement(sums: Sums): string {
  return sums.passes && sums.leader !== null ? sums.leader : 'HOLD';
}

function riskOf(action: string): number {
  return ['SELL', 'HOLD', 'BUY'].indexOf(action);
}

/** Largest remainder, the earlier assistant first where two are equal. */
function sharesOf(cast: readonly Weighed[]): ReadonlyMap<string, number> {
  const total = add(cast);
  if (total === 0n) return new Map();
  const parts = cast.map(({ role, weight }, at) => {
    const scaled = weight * 10_000n;
    return { role, at, whole: scaled / total, left: scaled % total };
  });
  const given = parts.reduce((sum, part) => sum + part.whole, 0n);
  const more = new Set(
    [...parts]
      .sort((a, b) => (a.left === b.left ? a.at - b.at : a.left > b.left ? -1 : 1))
      .slice(0, Number(10_000n - given)),
  );
  return new Map(parts.map((part) => [part.role, Number(part.whole) + (more.has(part) ? 1 : 0)]));
}
