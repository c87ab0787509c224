import type { Waiting } from '../../adapters/store/outcomes.ts';
import type { WeightsRecord } from '../../adapters/store/weights.ts';
import { ROLES, type Role } from '../../core/assistants/role.ts';
import type { RegimeWeights, Weights } from '../../core/debate/weights.ts';
import { REGIMES, type Regime } from '../../core/features/reading.ts';
import type { OutcomeTerms, RingScore, Score } from '../../core/judgement/assessment.ts';
import type { ArmWorth, RingScores } from '../../core/learning/contract.ts';
import type { RingView } from '../learning/ring-view.ts';
import {
  numberOf,
  percentOf,
  plain,
  rangeOf,
  sentence,
  signedNumber,
} from '../research/report/words.ts';
import { type Column, clockText, table } from './table.ts';

export const HOW_TO_READ = 'Lower Brier and log scores are better.';

/** The whole ring on one page: who foretold what how well, and what that is worth in a vote. */
export function assistantsPage(view: RingView): string {
  const { scores, hindsight, weights, waiting, outcomes } = view;
  const known = scores.motions > 0 ? scorePart(scores) : nothingPart(outcomes);
  const seen = hindsight > 0 ? ['', hindsightWords(hindsight)] : [];
  return [...known, ...seen, '', ...weightsPart(weights), '', waitingWords(waiting)].join('\n');
}

function hindsightWords(hindsight: number): string {
  const them = `${counted(hindsight, 'motion')} settled without a score`;
  return `${them}: the champion that was asked had been trained on candles from after them.`;
}

function nothingPart({ horizonCandles }: OutcomeTerms): readonly string[] {
  return [
    'Nothing has settled yet, so nobody has a score.',
    `What came of a motion is known when its target or its stop is reached, or ${horizonCandles} ` +
      'candles have passed; the learning loop collects it daily, and corro train at once.',
  ];
}

function scorePart({ motions, fromMs, toMs, ring, assistants, arms, debate }: RingScores) {
  const span = `${clockText((fromMs ?? 0) + 1)} to ${clockText((toMs ?? 0) + 1)} UTC`;
  const rows = assistants.map(({ role, first }) => ({ name: plain(role), score: first }));
  const all = ring === null ? rows : [...rows, { name: 'the ring', score: ring }];
  const gain = debate.brierGain;
  return [
    `${counted(motions, 'motion')} settled, ${span}. ${HOW_TO_READ}`,
    '',
    scoresTable('ASSISTANT', all),
    '',
    ...(ring === null ? [] : [labelWords(ring)]),
    `Debates: ${counted(debate.motions, 'motion')}, ${debate.contested} contested, ` +
      `${debate.changed} decided otherwise than the vote of round 1 would have been.`,
    `Changes of mind: ${counted(gain.pairs, 'time')}, Brier gained ${signedNumber(gain.mean, 4)}` +
      ` (${rangeOf(gain.interval, (value) => signedNumber(value, 4))}).`,
    ...arms.map(({ words }) => sentence(words)),
    '',
    armsTable(arms),
  ];
}

/** A score with whose it is. */
export interface NamedScore {
  readonly name: string;
  readonly score: Score;
}

export function scoresTable(heading: string, rows: readonly NamedScore[]): string {
  const column = (title: string, write: (score: Score) => string): Column<NamedScore> => ({
    heading: title,
    cell: ({ score }) => write(score),
    align: 'right',
  });
  return table(
    rows,
    [
      { heading, cell: ({ name }) => name },
      column('SETTLED', ({ settled }) => numberOf(settled, 0)),
      column('BRIER', ({ brier }) => numberOf(brier, 3)),
      column('SKILL', ({ skill }) => signedNumber(skill, 3)),
      column('LOG SCORE', ({ logScore }) => numberOf(logScore, 3)),
      column('CALLS', ({ calls }) => numberOf(calls, 0)),
      column('HIT RATE', ({ hitRate }) => percentOf(hitRate, 1)),
    ],
    'nothing was said',
  );
}

function labelWords({ labels, settled }: RingScore): string {
  const share = (count: number) => percentOf(settled > 0 ? count / settled : null, 0);
  const { BUY, SELL, HOLD } = labels;
  return `What came: BUY ${share(BUY)}, SELL ${share(SELL)}, HOLD ${share(HOLD)}.`;
}

const ARM_TITLES = {
  voteWithoutDebate: 'vote without debate',
  bestSingle: 'best single assistant',
  hold: 'holding still',
} as const satisfies Record<ArmWorth['arm'], string>;

function armsTable(arms: readonly ArmWorth[]): string {
  const bp = (value: number | null) => signedNumber(value === null ? null : 10_000 * value, 1);
  const score = (value: number | null) => signedNumber(value, 4);
  return table(
    arms,
    [
      { heading: 'DEBATE LESS', cell: ({ arm }) => ARM_TITLES[arm] },
      { heading: 'DIFFER IN', cell: ({ differing }) => numberOf(differing, 0), align: 'right' },
      { heading: 'BP A MOTION', cell: ({ net }) => bp(net.mean), align: 'right' },
      { heading: 'INTERVAL', cell: ({ net }) => rangeOf(net.interval, bp), align: 'right' },
      { heading: 'BRIER GAINED', cell: ({ brier }) => score(brier.mean), align: 'right' },
      { heading: 'INTERVAL', cell: ({ brier }) => rangeOf(brier.interval, score), align: 'right' },
    ],
    'no arms',
  );
}

function weightsPart([newest]: readonly WeightsRecord[]): readonly string[] {
  if (newest === undefined) return ['There are no weights yet.'];
  const { version, weights, reason } = newest;
  return [
    `Weights version ${version}: ${reason}.`,
    'What a vote weighs in each regime, as a multiple of equal, and its share of all seven:',
    table(
      ROLES,
      [
        { heading: 'ASSISTANT', cell: (role) => plain(role) },
        ...REGIMES.map(
          (regime): Column<Role> => ({
            heading: plain(regime).toUpperCase(),
            cell: (role) => weightText(weights, regime, role),
            align: 'right',
          }),
        ),
      ],
      'nobody',
    ),
  ];
}

const EQUAL = 10_000;

/** `1.25  17.2 %` */
export function weightText(weights: RegimeWeights, regime: Regime, role: Role): string {
  const share = percentOf(shareIn(weights[regime], role), 1);
  return `${numberOf(weights[regime][role] / EQUAL)} ${share.padStart(7)}`;
}

/** Of all that is cast when everybody votes; `null` where nobody weighs anything. */
export function shareIn(weights: Weights, role: Role): number | null {
  const all = ROLES.reduce((sum, one) => sum + weights[one], 0);
  return all > 0 ? weights[role] / all : null;
}

/** How many motions wait, and since when. */
export function waitingWords(markets: readonly Waiting[]): string {
  const waiting = markets.reduce((sum, one) => sum + one.waiting, 0);
  const never = markets.reduce((sum, one) => sum + one.never, 0);
  const oldestMs = Math.min(...markets.map((one) => one.oldestMs ?? Number.POSITIVE_INFINITY));
  const since = Number.isFinite(oldestMs)
    ? `, the oldest since ${clockText(oldestMs + 1)} UTC`
    : '';
  const open =
    waiting === 0
      ? 'No motion waits to settle.'
      : `${counted(waiting, 'motion')} ${waiting === 1 ? 'waits' : 'wait'} to settle${since}.`;
  if (never === 0) return open;
  const why = 'put before there was a range to judge by';
  return `${open} ${counted(never, 'motion')} never will: ${why}.`;
}

export function counted(count: number, what: string): string {
  return `${numberOf(count, 0)} ${what}${count === 1 ? '' : 's'}`;
}
