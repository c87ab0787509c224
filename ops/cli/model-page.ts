import type { StoredModel } from '../../adapters/store/models.ts';
import { FEATURE_HASH } from '../../core/features/vector.ts';
import type { FoldMetrics } from '../../proto/learning.ts';
import type { ModelStory } from '../learning/model-story.ts';
import { printable } from './printable.ts';
import { clockText, table } from './table.ts';

/** Enough of a hash to type and to tell apart. */
export const SHOWN_HASH = 12;
const MOST_FEATURES = 10;
const MOST_DRIFT = 5;
const RIGHT = 'right' as const;

/** Everything there is to say of a model, as text. */
export function modelPage(story: ModelStory): string {
  const { model } = story;
  return [
    [headline(story), `file      ${model.hash}`].join('\n'),
    section('Trained', trained(story)),
    section('Validated out of sample', folds(story.metrics.folds)),
    section('What it looks at', importance(story)),
    section('Its life', life(story)),
    section('Judged', judged(story)),
    section('Drift', drift(story)),
    section('Spoke', spoke(story)),
  ].join('\n\n');
}

/** `BTC/USDT 5m at paper` */
export function marketOf({ symbol, timeframe, venue }: StoredModel): string {
  return `${symbol} ${timeframe} at ${venue}`;
}

/** The beginning of a hash. */
export function shortHash(hash: string | null): string {
  return hash === null ? '—' : hash.slice(0, SHOWN_HASH);
}

/** `2024-01-01 00:00 to 2024-06-01 00:00` */
export function windowText({ dataFromMs, dataToMs }: StoredModel): string {
  return `${clockText(dataFromMs + 1)} to ${clockText(dataToMs + 1)}`;
}

/** `12.3 %` of a share; `—` of nothing. */
export function percent(share: number | null, places = 1): string {
  return share === null ? '—' : `${(share * 100).toFixed(places)} %`;
}

function section(heading: string, text: string): string {
  return `${heading}\n${text.replaceAll(/^(?=.)/gm, '  ')}`;
}

function headline({ model, champion, trials }: ModelStory): string {
  const of = `one of ${trials} trained for ${marketOf(model)}`;
  const name = `model ${shortHash(model.hash)}`;
  if (model.state !== 'champion') return `${name}: ${model.state}, ${of}`;
  const worth = champion.worthBp === 10_000 ? 'whole' : percent(champion.worthBp / 10_000, 0);
  return `${name}: champion (epoch ${champion.epoch}, its vote counts ${worth}), ${of}`;
}

function trained({ model, metrics }: ModelStory): string {
  const { data, label, features } = model.card;
  const labels = Object.entries(metrics.labels).map(([action, rows]) => `${action} ${rows}`);
  const serves = features.hash === FEATURE_HASH ? '' : ': not those of now, it cannot serve';
  const { targetAtrs, stopAtrs, horizonCandles, roundTripCost } = label;
  const barriers = `target ${targetAtrs} ATR, stop ${stopAtrs} ATR, ${horizonCandles} candles`;
  return [
    `window    ${windowText(model)} UTC, ${data.rows} rows of ${data.symbols.join(', ')}`,
    `label     ${barriers}, costs of ${percent(roundTripCost, 3)} in it`,
    ...(labels.length === 0 ? [] : [`labels    ${labels.join(', ')}`]),
    `features  version ${features.version}, ${shortHash(features.hash)}${serves}`,
    `parent    ${shortHash(model.parent)}`,
    `matrix    ${model.matrixHash}`,
    `run       ${model.runId}`,
  ].join('\n');
}

function folds(all: readonly FoldMetrics[]): string {
  return table(
    all,
    [
      { heading: 'FOLD', cell: ({ fold }) => String(fold), align: RIGHT },
      { heading: 'TEST FROM', cell: ({ testFrom }) => testFrom.slice(0, 16).replace('T', ' ') },
      { heading: 'TO', cell: ({ testTo }) => testTo.slice(0, 16).replace('T', ' ') },
      { heading: 'TRAIN', cell: ({ trainRows }) => String(trainRows), align: RIGHT },
      { heading: 'TEST', cell: ({ testRows }) => String(testRows), align: RIGHT },
      { heading: 'BRIER', cell: ({ brier }) => brier.toFixed(4), align: RIGHT },
      { heading: 'LABEL SHARES', cell: (fold) => fold.baseBrier.toFixed(4), align: RIGHT },
      { heading: 'LOG LOSS', cell: ({ logLoss }) => logLoss.toFixed(4), align: RIGHT },
      { heading: 'RIGHT', cell: ({ accuracy }) => percent(accuracy), align: RIGHT },
      { heading: 'CALLS', cell: ({ calls }) => String(calls), align: RIGHT },
      { heading: 'NET A CALL', cell: (fold) => percent(fold.netReturn, 3), align: RIGHT },
    ],
    'nothing is on record of a validation',
  );
}

function importance({ metrics }: ModelStory): string {
  if (metrics.importance.length === 0) return 'nothing is on record of its features';
  const shown = metrics.importance.slice(0, MOST_FEATURES);
  const rest = metrics.importance.length - shown.length;
  const lines = shown.map(([feature, share]) => `${percent(share).padStart(7)}  ${feature}`);
  return [...lines, ...(rest > 0 ? [`${''.padStart(7)}  and ${rest} more: --json`] : [])].join(
    '\n',
  );
}

function life({ changes }: ModelStory): string {
  return table(
    changes,
    [
      { heading: 'WHEN (UTC)', cell: ({ recordedAtMs }) => clockText(recordedAtMs) },
      { heading: 'STATE', cell: ({ to }) => to },
      { heading: 'EPOCH', cell: ({ evidence }) => epochText(evidence['epoch']), align: RIGHT },
      { heading: 'BY', cell: ({ by }) => by },
      { heading: 'WHY', cell: ({ reason }) => reason },
    ],
    'nothing is on record',
  );
}

function judged({ judged: judgement }: ModelStory): string {
  if (judgement === null) return 'not by the conditions of a promotion';
  const lines = judgement.checks.map(({ name, passed, words }) => {
    return `${passed ? 'yes' : 'NO '}  ${name.padEnd(10)}  ${printable(words)}`;
  });
  return lines.join('\n');
}

function drift({ drift: measured }: ModelStory): string {
  return table(
    measured.slice(0, MOST_DRIFT),
    [
      { heading: 'UNTIL (UTC)', cell: ({ measuredToMs }) => clockText(measuredToMs) },
      { heading: 'LEVEL', cell: ({ level }) => level },
      { heading: 'ITS VOTE COUNTS', cell: ({ worthBp }) => percent(worthBp / 10_000, 0) },
    ],
    'not measured yet',
  );
}

function spoke({ spokeOn }: ModelStory): string {
  const { champion, challenger, fromMs, toMs } = spokeOn;
  if (fromMs === null || toMs === null) return 'on no motion yet';
  const counted = `${champion} as champion, ${challenger} as challenger (counted for nothing)`;
  const span = `${clockText(fromMs + 1)} to ${clockText(toMs + 1)} UTC`;
  return `on ${champion + challenger} motions from ${span}: ${counted}`;
}

/** The market's epoch after a step that changed its champion. */
function epochText(epoch: unknown): string {
  return typeof epoch === 'number' ? String(epoch) : '';
}
