import type { Action } from '../../core/assistants/speech.ts';
import type { Agreement, ModelDifference } from '../learning/model-difference.ts';
import { marketOf, percent, shortHash, windowText } from './model-page.ts';
import { table } from './table.ts';

const MOST_FEATURES = 10;
const RIGHT = 'right' as const;
const ACTIONS = ['BUY', 'SELL', 'HOLD'] as const satisfies readonly Action[];

/** Two models beside each other, as text. */
export function modelDifferencePage(difference: ModelDifference): string {
  const { models, sameFeatures, agreement } = difference;
  const [one, other] = models;
  const rows = [
    { name: 'market', values: models.map(marketOf) },
    { name: 'state', values: models.map(({ state }) => state) },
    { name: 'parent', values: models.map(({ parent }) => shortHash(parent)) },
    { name: 'window', values: models.map(windowText) },
    { name: 'rows', values: models.map(({ card }) => String(card.data.rows)) },
    { name: 'features', values: models.map(({ featureHash }) => shortHash(featureHash)) },
    { name: 'label', values: models.map(labelText) },
    ...difference.figures.map(({ name, values }) => ({
      name,
      values: values.map((value) => figureText(name, value)),
    })),
  ];
  const side = (at: 0 | 1) => ({
    heading: shortHash(models[at].hash),
    cell: ({ values }: (typeof rows)[number]) => values[at] ?? '—',
  });
  const facts = table(rows, [{ heading: '', cell: ({ name }) => name }, side(0), side(1)], '');
  const features = sameFeatures
    ? ''
    : '\n\nThey read other features: importance is not comparable.';
  return [
    `${facts}${features}`,
    importanceTable(difference, [shortHash(one.hash), shortHash(other.hash)]),
    agreementText(agreement),
  ].join('\n\n');
}

function labelText({ card }: ModelDifference['models'][number]): string {
  const { targetAtrs, stopAtrs, horizonCandles, roundTripCost } = card.label;
  return `${targetAtrs}/${stopAtrs} ATR, ${horizonCandles} candles, ${percent(roundTripCost, 3)}`;
}

const WHOLE_NUMBERS: ReadonlySet<string> = new Set(['folds', 'test rows', 'calls']);
const SHARES: ReadonlySet<string> = new Set(['accuracy', 'net return a call']);

function figureText(name: string, value: number | null): string {
  if (value === null) return '—';
  if (WHOLE_NUMBERS.has(name)) return String(value);
  return SHARES.has(name) ? percent(value, 3) : value.toFixed(4);
}

function importanceTable(
  { importance }: ModelDifference,
  [one, other]: readonly [string, string],
): string {
  return table(
    importance.slice(0, MOST_FEATURES),
    [
      { heading: 'FEATURE', cell: ({ feature }) => feature },
      { heading: one, cell: ({ shares }) => percent(shares[0]), align: RIGHT },
      { heading: other, cell: ({ shares }) => percent(shares[1]), align: RIGHT },
    ],
    'nothing is on record of their features',
  );
}

function agreementText({ motions, sameCall, meanDifferenceBp, calls }: Agreement): string {
  if (motions === 0) return 'They were asked about no common motion yet.';
  const apart = percent((meanDifferenceBp ?? 0) / 10_000);
  const said =
    `Of ${motions} common motions they called the same action on ${percent(sameCall)}; ` +
    `their probabilities are ${apart} apart on average.`;
  const rows = ACTIONS.map((mine) => ({ mine, theirs: calls[mine] }));
  const grid = table(
    rows,
    [
      { heading: 'FIRST \\ SECOND', cell: ({ mine }) => mine },
      ...ACTIONS.map((action) => ({
        heading: action,
        cell: ({ theirs }: (typeof rows)[number]) => String(theirs[action]),
        align: RIGHT,
      })),
    ],
    '',
  );
  return `${said}\n${grid}`;
}
