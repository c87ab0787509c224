import type { BacktestResult } from '../../../core/backtest/result.ts';
import type {
  Assessment,
  DebateWorth,
  Difference,
  DifferenceVerdict,
} from '../../../core/judgement/assessment.ts';
import { inSampleText } from '../in-sample.ts';
import { armName, comparisonTables, shareText } from './comparisons.ts';
import type { ReportInput } from './input.ts';
import { makingTables } from './making.ts';
import { deflatedTable, measuresTable } from './measures.ts';
import type { Facts, Figure, Table } from './page-data.ts';
import { scoreTables } from './scores.ts';
import { moneyOf, numberOf, percentOf, plain, rangeOf, sentence } from './words.ts';

/** The words of a report, once for all its forms. */
export function factsOf(input: ReportInput): Facts {
  const { result, assessment, command, madeAt, inSample = null } = input;
  const { verdicts, whyNoTrade } = result.counts;
  const subject = subjectOf(result);
  return {
    title: `Corro: ${subject}`,
    subject,
    headline: `${isSeen(input) ? 'In sample: ' : ''}${headlineOf(assessment)}`,
    findings: [...(inSample === null ? [] : [inSampleText(inSample)]), ...findingsOf(assessment)],
    figures: figuresOf(result, assessment),
    measures: measuresTable(assessment, result.account.quote),
    luck: deflatedTable(assessment),
    arms: comparisonTables(assessment),
    assistants: scoreTables(assessment),
    verdicts: countTable('Verdicts', 'Verdict', verdicts),
    whyNoTrade: countTable('Why no trade', 'Reason', whyNoTrade),
    made: makingTables(input),
    command,
    madeAt,
  };
}

/** The judged run itself, not only an arm beside it. */
function isSeen({ result, inSample = null }: ReportInput): boolean {
  return inSample?.strategies.includes(result.strategy.name) === true;
}

function subjectOf({ strategy, data }: BacktestResult): string {
  const names = data.series.map(({ symbol }) => symbol);
  const shown = names.length > 3 ? `${names.length} symbols` : names.join(', ');
  const day = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);
  const range = `${day(data.fromMs)} to ${day(data.toMs)}`;
  return `${strategy.name} on ${shown}, ${data.timeframe} candles, ${range}`;
}

const AGAINST_HOLDING = {
  better: 'did better than holding',
  worse: 'did worse than holding',
  undecided: 'cannot be told from holding by its growth',
  equal: 'never differed from holding',
  unknown: 'has too little to be compared with holding',
} as const satisfies Record<DifferenceVerdict, string>;

const DEBATE_WORDS = {
  adds: 'its debate adds to it',
  costs: 'its debate costs it something',
  nothing: 'its debate adds nothing that can be shown',
  unknown: 'what its debate is worth cannot be said',
} as const satisfies Record<DebateWorth['verdict'], string>;

/** The judgement in one sentence: against holding, for the risk it took, and what the debate is
 * worth. */
export function headlineOf({ name, arms, debate }: Assessment): string {
  const against = arms.find((arm) => arm.name === 'hold')?.difference ?? null;
  const clauses = [
    `${plainName(name)} ${AGAINST_HOLDING[against?.verdict ?? 'unknown']}`,
    ...riskClause(against),
    ...(debate === null ? [] : [DEBATE_WORDS[debate.verdict]]),
  ];
  return `After costs, ${inWords(clauses)}.`;
}

/** Growth may show nothing where the Sharpe ratio does: a run that risks little is not told from
 * one that risks much by what it earned. */
function riskClause(against: Difference | null): string[] {
  const interval = against?.sharpeInterval ?? null;
  if (against?.verdict !== 'undecided' || interval === null) return [];
  if (interval.low > 0) return ['did better for the risk it took'];
  return interval.high < 0 ? ['did worse for the risk it took'] : [];
}

function inWords(clauses: readonly string[]): string {
  const last = clauses.at(-1) ?? '';
  if (clauses.length < 2) return last;
  return `${clauses.slice(0, -1).join(', ')}, and ${last}`;
}

/** `trend-following` stays what it is typed as; the council is one thing. */
function plainName(name: string): string {
  return name === 'council' ? 'the council' : name;
}

function findingsOf({ name, arms, debate, deflated }: Assessment): string[] {
  const hold = arms.find((arm) => arm.name === 'hold')?.difference ?? null;
  const others = arms.filter((arm) => arm.difference !== null && arm.name !== 'hold');
  const beaten = (verdict: DifferenceVerdict) =>
    others.filter((arm) => arm.difference?.verdict === verdict).map((arm) => armName(arm.name));
  return [
    sentence(hold?.words ?? ''),
    sentence(debate?.words ?? ''),
    listed(`Shown to be worse than ${plainName(name)}`, beaten('better')),
    listed(`Shown to be better than ${plainName(name)}`, beaten('worse')),
    chanceText(deflated),
  ].filter((text) => text !== '');
}

/** A probability from which the trials could not be taken off is not one of being more than luck,
 * and is not called so. */
function chanceText({ trials, deflated, probabilistic }: Assessment['deflated']): string {
  const tried = trials === 1 ? 'one trial' : `${numberOf(trials, 0)} trials`;
  if (deflated !== null) {
    const chance = percentOf(deflated, 1);
    return `After ${tried}, the probability that its Sharpe ratio is more than luck is ${chance}.`;
  }
  if (probabilistic === null) return '';
  return (
    `The probability that its Sharpe ratio is above zero is ${percentOf(probabilistic, 1)}, ` +
    `were it the only trial; what ${tried} take off that is not known.`
  );
}

function listed(opening: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${opening}: ${names.join(', ')}.`;
}

function figuresOf({ account }: BacktestResult, assessment: Assessment): Figure[] {
  const { metrics, hold, intervals } = assessment;
  const level = `${numberOf(assessment.bootstrap.level * 100, 0)} %:`;
  const plainNumber = (value: number): string => numberOf(value);
  return [
    {
      label: 'Total return',
      value: percentOf(metrics.totalReturn),
      note: `holding ${percentOf(hold.totalReturn)}`,
    },
    {
      label: 'Growth a year',
      value: percentOf(metrics.annualGrowth),
      note: `${level} ${rangeOf(intervals.annualGrowth, tenths)}`,
    },
    {
      label: 'Sharpe ratio',
      value: numberOf(metrics.sharpe),
      note: `${level} ${rangeOf(intervals.sharpe, plainNumber)}`,
    },
    {
      label: 'Largest drawdown',
      value: percentOf(metrics.maxDrawdown.depth),
      note: `holding ${percentOf(hold.maxDrawdown.depth)}`,
    },
    {
      label: 'Closed trades',
      value: numberOf(metrics.trades, 0),
      note: `${percentOf(metrics.winRate, 1)} won`,
    },
    {
      label: `Fees, ${account.quote}`,
      value: moneyOf(metrics.feesPaid),
      note: `of ${moneyOf(account.capital)} capital`,
    },
  ];
}

function tenths(fraction: number): string {
  return percentOf(fraction, 1);
}

/** Counts, the most frequent first; `null` when there are none. */
function countTable(
  title: string,
  heading: string,
  counts: Readonly<Record<string, number>>,
): Table | null {
  const entries = Object.entries(counts).sort((one, other) => other[1] - one[1]);
  const whole = entries.reduce((sum, [, count]) => sum + count, 0);
  if (whole === 0) return null;
  return {
    title,
    note: '',
    columns: [
      { heading, numeric: false },
      { heading: 'Times', numeric: true },
      { heading: 'Share', numeric: true },
    ],
    rows: entries.map(([code, count]) => [
      plain(code),
      numberOf(count, 0),
      shareText(count, whole),
    ]),
    shares: entries.map(([, count]) => count / whole),
  };
}
