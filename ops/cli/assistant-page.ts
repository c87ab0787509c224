import type { WeightsRecord } from '../../adapters/store/weights.ts';
import type { Role } from '../../core/assistants/role.ts';
import type { RegimeWeights } from '../../core/debate/weights.ts';
import { REGIMES } from '../../core/features/reading.ts';
import type {
  AssistantScore,
  Calibration,
  CalibrationBin,
  PairedMean,
  Score,
} from '../../core/judgement/assessment.ts';
import type { RingView } from '../learning/ring-view.ts';
import { numberOf, percentOf, plain, rangeOf, signedNumber } from '../research/report/words.ts';
import {
  counted,
  HOW_TO_READ,
  scoresTable,
  shareIn,
  waitingWords,
  weightText,
} from './assistants-page.ts';
import { type Column, clockText, table } from './table.ts';

/** One assistant in depth. */
export interface AssistantView {
  readonly role: Role;
  /** `null`: it has said nothing that has settled. */
  readonly score: AssistantScore | null;
  readonly bySymbol: readonly { readonly symbol: string; readonly score: Score }[];
  /** Versions of the weights that changed its share of the vote, and the first; newest first. */
  readonly weights: readonly WeightsRecord[];
  readonly waiting: RingView['waiting'];
  readonly outcomes: RingView['outcomes'];
}

export function assistantView(role: Role, view: RingView): AssistantView {
  const { scores, weights, waiting, outcomes } = view;
  return {
    role,
    score: scores.assistants.find((one) => one.role === role) ?? null,
    bySymbol: scores.bySymbol.flatMap(({ symbol, assistants }) => {
      const score = assistants.find((one) => one.role === role)?.score;
      return score === undefined ? [] : [{ symbol, score }];
    }),
    weights: weights.filter(({ weights: own }, at) => {
      const before = weights[at + 1]?.weights;
      return before === undefined || !hasSameShares(role, own, before);
    }),
    ...{ waiting, outcomes },
  };
}

/** In every regime: its share may change because another's weight did. */
function hasSameShares(role: Role, one: RegimeWeights, other: RegimeWeights): boolean {
  return REGIMES.every((regime) =>
    Object.is(shareIn(one[regime], role), shareIn(other[regime], role)),
  );
}

export function assistantPage(view: AssistantView): string {
  const { role, score, waiting } = view;
  const title = plain(role);
  const known =
    score === null ? [`${title}: nothing it said has settled yet.`] : scorePart(view, score);
  return [...known, '', ...weightsPart(view), '', waitingWords(waiting)].join('\n');
}

function scorePart({ role, bySymbol }: AssistantView, score: AssistantScore): readonly string[] {
  const { first, last, byRegime, calibration, revisions } = score;
  const sides = [
    { name: 'before it heard anybody', score: first },
    { name: 'at the end of the debate', score: last },
  ];
  return [
    `${plain(role)}: ${counted(first.settled, 'opinion')} settled. ${HOW_TO_READ}`,
    '',
    scoresTable('OPINIONS', sides),
    '',
    scoresTable(
      'IN REGIME',
      byRegime.map(({ regime, score: own }) => ({ name: plain(regime), score: own })),
    ),
    '',
    scoresTable(
      'ON SYMBOL',
      bySymbol.map(({ symbol, score: own }) => ({ name: symbol, score: own })),
    ),
    '',
    revisionWords(revisions),
    '',
    ...calibrationPart(calibration),
  ];
}

function revisionWords({ pairs, mean, interval }: PairedMean): string {
  if (pairs === 0) return 'It has never changed its mind.';
  const write = (value: number) => signedNumber(value, 4);
  const size = `${write(mean ?? 0)} of Brier score (${rangeOf(interval, write)})`;
  const times = `It changed its mind ${counted(pairs, 'time')}`;
  if (interval === null) return `${times}: ${size}, too few to say what that was worth.`;
  if (interval.low > 0) return `${times}, for the better: ${size}.`;
  if (interval.high < 0) return `${times}, for the worse: ${size}.`;
  return `${times}: no gain or loss that can be shown, ${size}.`;
}

/** The curve as bars: how often what it thought likeliest came, against how likely it said. */
function calibrationPart({ bins, expectedError }: Calibration): readonly string[] {
  const filled = bins.filter(({ count }) => count > 0);
  if (filled.length === 0) return ['Calibration: it never had one answer on top.'];
  const error = percentOf(expectedError, 1);
  return [
    `Calibration: it is off by ${error} on average. The bar is how often it came, the mark`,
    'how likely it had said.',
    table(
      filled,
      [
        { heading: 'IT SAID', cell: ({ from, to }) => `${whole(from)} to ${whole(to)} %` },
        { heading: 'CAME', cell: ({ came }) => percentOf(came, 0), align: 'right' },
        { heading: `0 %${' '.repeat(BAR_WIDTH - 8)}100 %`, cell: (bin) => barOf(bin) },
        { heading: 'TIMES', cell: ({ count }) => numberOf(count, 0), align: 'right' },
      ],
      'none',
    ),
  ];
}

const BAR_WIDTH = 40;

/** `█████████│····` with the mark at what was said. */
function barOf({ said, came }: CalibrationBin): string {
  const [mark, length] = [said ?? 0, came ?? 0].map((share) => Math.round(share * BAR_WIDTH));
  return Array.from({ length: BAR_WIDTH + 1 }, (_, at) => {
    if (at === mark) return '│';
    return at < (length ?? 0) ? '█' : '·';
  }).join('');
}

function whole(share: number): string {
  return numberOf(100 * share, 0);
}

function weightsPart({ role, weights }: AssistantView): readonly string[] {
  return [
    'Its weight by version, a multiple of equal and its share of all seven, where that changed:',
    table(
      weights,
      [
        { heading: 'VERSION', cell: ({ version }) => String(version), align: 'right' },
        {
          heading: 'LEARNED TO (UTC)',
          cell: ({ learnedToMs }) => (learnedToMs === null ? '—' : clockText(learnedToMs)),
        },
        ...REGIMES.map(
          (regime): Column<WeightsRecord> => ({
            heading: plain(regime).toUpperCase(),
            cell: (record) => weightText(record.weights, regime, role),
            align: 'right',
          }),
        ),
        { heading: 'WHY', cell: ({ reason }) => reason },
      ],
      'no weights yet',
    ),
  ];
}
