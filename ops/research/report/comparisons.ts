import type {
  ArmRow,
  Assessment,
  DebateWorth,
  DifferenceVerdict,
} from '../../../core/judgement/assessment.ts';
import type { Span, Table } from './page-data.ts';
import {
  moneyOf,
  numberOf,
  percentOf,
  plain,
  rangeOf,
  sentence,
  signedNumber,
  signedPercent,
} from './words.ts';

/** The judged run against every other arm, and whether its debate was worth its while. */
export function comparisonTables(assessment: Assessment): Table[] {
  const { arms, debate, regimes } = assessment;
  return [
    ...(arms.length > 0 ? [armsTable(arms)] : []),
    ...(debate === null ? [] : [debateTable(debate)]),
    ...(regimes.length > 0 ? [regimesTable(assessment)] : []),
    ...regimeDifferences(arms),
  ];
}

const ARM_NAMES: Readonly<Record<string, string>> = {
  vote: 'vote without debate',
  'best-single': 'best single assistant',
  hold: 'holding',
};

/** What an arm is called beside the others: `assistant:auditor` is the auditor alone. */
export function armName(name: string): string {
  const role = /^assistant:(.+)$/.exec(name)?.[1];
  return role === undefined ? (ARM_NAMES[name] ?? name) : `${plain(role)} alone`;
}

const VERDICT_WORDS = {
  better: 'better',
  worse: 'worse',
  undecided: 'undecided',
  equal: 'equal',
  unknown: 'unknown',
} as const satisfies Record<DifferenceVerdict, string>;

function armsTable(arms: readonly ArmRow[]): Table {
  return {
    title: 'Arms',
    note:
      'The same closes and costs for all. The difference is this run less the arm, growth a ' +
      'year, paired close by close; the verdict is on this run, and where the interval holds ' +
      'zero, nothing is shown.',
    columns: [
      { heading: 'Arm', numeric: false },
      { heading: 'Return', numeric: true },
      { heading: 'Sharpe', numeric: true },
      { heading: 'Drawdown', numeric: true },
      { heading: 'Trades', numeric: true },
      { heading: 'Fees', numeric: true },
      { heading: 'Difference', numeric: true },
      { heading: 'Interval', numeric: true },
      { heading: 'Verdict', numeric: false },
    ],
    rows: arms.map(({ name, metrics, difference }) => [
      armName(name),
      percentOf(metrics.totalReturn),
      numberOf(metrics.sharpe),
      percentOf(metrics.maxDrawdown.depth),
      numberOf(metrics.trades, 0),
      moneyOf(metrics.feesPaid),
      difference === null ? '' : signedPercent(difference.growth),
      difference === null ? '' : rangeOf(difference.growthInterval, tenths),
      difference === null ? 'this run' : VERDICT_WORDS[difference.verdict],
    ]),
    spans: { heading: '', of: arms.map(({ difference }) => spanOf(difference)) },
  };
}

function tenths(fraction: number): string {
  return signedPercent(fraction, 1);
}

function spanOf(difference: ArmRow['difference']): Span | null {
  if (difference === null) return null;
  const { growth, growthInterval } = difference;
  if (growth === null || growthInterval === null) return null;
  return { low: growthInterval.low, middle: growth, high: growthInterval.high };
}

function debateTable(debate: DebateWorth): Table {
  const { motions, contested, meanRounds, changed, difference, brierGain } = debate;
  const growth = signedPercent(difference?.growth ?? null);
  const growthBounds = rangeOf(difference?.growthInterval ?? null, signedPercent);
  const traded = difference === null ? '— (not run)' : `${growth} (${growthBounds})`;
  const bounds = rangeOf(brierGain.interval, (value) => signedNumber(value, 4));
  return {
    title: 'What debate brought',
    note: sentence(debate.words),
    columns: [
      { heading: '', numeric: false },
      { heading: 'Value', numeric: true },
    ],
    rows: [
      ['Motions debated', numberOf(motions, 0)],
      ['Contested', `${numberOf(contested, 0)} (${shareText(contested, motions)})`],
      ['Mean rounds', numberOf(meanRounds)],
      ['Action changed by debate', `${numberOf(changed, 0)} (${shareText(changed, motions)})`],
      ['Opinions: Brier score gained by talk', `${signedNumber(brierGain.mean, 4)} (${bounds})`],
      ['Growth a year it brought over a plain vote', traded],
    ],
  };
}

export function shareText(part: number, whole: number): string {
  return whole > 0 ? percentOf(part / whole, 1) : '—';
}

function regimesTable({ regimes }: Assessment): Table {
  return {
    title: 'By regime',
    note: 'By the regime in which each return began; growth is logarithmic, a year.',
    columns: [
      { heading: 'Regime', numeric: false },
      { heading: 'Share of time', numeric: true },
      { heading: 'Growth', numeric: true },
      { heading: 'Growth of holding', numeric: true },
      { heading: 'Sharpe', numeric: true },
      { heading: 'Exposure', numeric: true },
      { heading: 'Brier of the ring', numeric: true },
    ],
    rows: regimes.map((row) => [
      plain(row.regime),
      percentOf(row.share, 1),
      signedPercent(row.growth),
      signedPercent(row.holdGrowth),
      numberOf(row.sharpe),
      percentOf(row.exposure, 1),
      numberOf(row.ring?.brier ?? null, 3),
    ]),
  };
}

/** This run less each arm, regime by regime. */
function regimeDifferences(arms: readonly ArmRow[]): Table[] {
  const compared = arms.flatMap(({ name, difference }) =>
    difference === null || difference.byRegime.length === 0 ? [] : [{ name, difference }],
  );
  const regimes = [
    ...new Set(compared.flatMap(({ difference }) => difference.byRegime.map((row) => row.regime))),
  ];
  if (regimes.length === 0) return [];
  const rows = compared.map(({ name, difference }) => [
    armName(name),
    ...regimes.map((regime) => {
      const row = difference.byRegime.find((one) => one.regime === regime);
      if (row === undefined) return '—';
      const shown = row.verdict === 'better' || row.verdict === 'worse';
      return `${signedPercent(row.growth)}${shown ? ' *' : ''}`;
    }),
  ]);
  return [
    {
      title: 'Differences by regime',
      note: 'This run less the arm, growth a year. A star: the interval leaves out zero.',
      columns: [
        { heading: 'Arm', numeric: false },
        ...regimes.map((regime) => ({ heading: plain(regime), numeric: true })),
      ],
      rows,
    },
  ];
}
