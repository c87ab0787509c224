import type {
  Assessment,
  AssistantScore,
  Calibration,
  Score,
} from '../../../core/judgement/assessment.ts';
import type { CalibrationCurve, Table } from './page-data.ts';
import { numberOf, percentOf, plain, rangeOf, signedNumber } from './words.ts';

/** How well the ring and each of the seven foretold what came. */
export function scoreTables(assessment: Assessment): Table[] {
  const { assistants, ring } = assessment;
  if (assistants.length === 0 && ring === null) return [];
  return [scoresTable(assessment), ...regimeScores(assistants)];
}

function scoresTable({ assistants, ring, outcomes }: Assessment): Table {
  const { targetAtrs, stopAtrs, horizonCandles } = outcomes;
  const whole = ring === null ? [] : [['the ring', numberOf(ring.brier, 3), ...scored(ring), '—']];
  return {
    title: 'Scores',
    note:
      `An opinion is settled when the price has gone ${targetAtrs} average ranges one way or ` +
      `${stopAtrs} the other, or after ${horizonCandles} candles. Brier and logarithmic scores: ` +
      'lower is better; three equal shares score 0.667 and 1.099. Skill above zero knows more ' +
      'than always saying how often each answer came.',
    columns: [
      { heading: 'Assistant', numeric: false },
      { heading: 'Brier, round 1', numeric: true },
      { heading: 'Brier, end', numeric: true },
      { heading: 'Skill', numeric: true },
      { heading: 'Log score', numeric: true },
      { heading: 'Calls', numeric: true },
      { heading: 'Hit', numeric: true },
      { heading: 'Settled', numeric: true },
      { heading: 'Gained by revising', numeric: true },
    ],
    rows: [
      ...assistants.map(({ role, first, last, revisions }) => [
        plain(role),
        numberOf(first.brier, 3),
        ...scored(last),
        revisions.mean === null
          ? '—'
          : `${signedNumber(revisions.mean, 4)} (${rangeOf(revisions.interval, signed4)})`,
      ]),
      ...whole,
    ],
  };
}

function signed4(value: number): string {
  return signedNumber(value, 4);
}

function scored({ brier, skill, logScore, calls, hitRate, settled }: Score): string[] {
  return [
    numberOf(brier, 3),
    signedNumber(skill, 3),
    numberOf(logScore, 3),
    numberOf(calls, 0),
    percentOf(hitRate, 1),
    numberOf(settled, 0),
  ];
}

function regimeScores(assistants: readonly AssistantScore[]): Table[] {
  const regimes = [...new Set(assistants.flatMap((one) => one.byRegime.map((row) => row.regime)))];
  if (regimes.length === 0) return [];
  const rows = assistants.map(({ role, byRegime }) => [
    plain(role),
    ...regimes.map((regime) =>
      numberOf(byRegime.find((row) => row.regime === regime)?.score.brier ?? null, 3),
    ),
  ]);
  return [
    {
      title: 'Brier score by regime',
      note: '',
      columns: [
        { heading: 'Assistant', numeric: false },
        ...regimes.map((regime) => ({ heading: plain(regime), numeric: true })),
      ],
      rows,
    },
  ];
}

/** The ring first, then whoever spoke. */
export function calibrationCurves({ ring, assistants }: Assessment): CalibrationCurve[] {
  const curves = [
    ...(ring === null ? [] : [curveOf('the ring', ring.calibration)]),
    ...assistants.map(({ role, calibration }) => curveOf(plain(role), calibration)),
  ];
  return curves.filter(({ bins }) => bins.length > 0);
}

function curveOf(name: string, { bins }: Calibration): CalibrationCurve {
  return {
    name,
    bins: bins.flatMap(({ said, came, count }) =>
      said === null || came === null || count === 0
        ? []
        : [{ said, came, count, ...wilson(came, count) }],
    ),
  };
}

/** The 95 % score interval of a share (Wilson, "Probable inference", JASA 22, 1927). */
export function wilson(share: number, count: number): { low: number; high: number } {
  const z = 1.959964;
  const middle = share + (z * z) / (2 * count);
  const reach = z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  const whole = 1 + (z * z) / count;
  const [low, high] = [(middle - reach) / whole, (middle + reach) / whole];
  return { low: Math.max(0, low), high: Math.min(1, high) };
}
