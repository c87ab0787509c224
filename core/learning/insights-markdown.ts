import type { AssistantLine, Insights, RegimeLine, WrongCall } from './insights.ts';

const MOST_CHANGES = 12;

/** The same for a reader: GitHub's Markdown, tables where there is something to compare. */
export function insightsMarkdown(insights: Insights): string {
  const { market, fromMs, toMs, headline } = insights;
  const sections = [
    `# What the ring learned: ${market.symbol}, ${market.timeframe}, ${market.venue}`,
    `${headline}.\n\nTraining window ${minute(fromMs)} to ${minute(toMs)} UTC.`,
    weightsSection(insights),
    modelSection(insights),
    assistantsSection(insights),
    wrongSection(insights.wrong),
    regimesSection(insights.regimes),
    debateSection(insights),
    driftSection(insights),
    nextSection(insights.next),
  ];
  return `${sections.filter((one) => one !== '').join('\n\n')}\n`;
}

function weightsSection({ weights }: Insights): string {
  const { versionBefore, version, words, changes } = weights;
  const title = version === versionBefore ? `stay at version ${version}` : `version ${version}`;
  const rows = changes
    .slice(0, MOST_CHANGES)
    .map(({ role, regime, before, after }) => [role, regime, share(before), share(after)]);
  const more = changes.length - rows.length;
  const parts = [`## Weights: ${title}`, `${words}.`];
  if (rows.length > 0) parts.push(table(['assistant', 'regime', 'before', 'now'], rows));
  if (more > 0) parts.push(`And ${more} more.`);
  return parts.join('\n\n');
}

/** A weight as a multiple of an equal one. */
function share(weight: number): string {
  return `${(weight / 10_000).toFixed(2)}×`;
}

function modelSection({ model }: Insights): string {
  const parts = [`## Model: ${model.verdict}`, `${model.words}.`];
  const trained = model.hash === null ? 'none' : model.hash.slice(0, 12);
  const serves = model.championHash === null ? 'nobody' : model.championHash.slice(0, 12);
  parts.push(`Trained: ${trained}; champion now: ${serves}.`);
  if (model.checks.length > 0) {
    const rows = model.checks.map(({ name, passed, words }) => [
      name,
      passed ? 'yes' : 'no',
      words,
    ]);
    parts.push(table(['check', 'passed', 'found'], rows));
  }
  if (model.held !== null) {
    const { acting, buying, trades, holding, beatsHolding } = model.held;
    const verdict = beatsHolding === true ? 'It beats holding here' : 'It does not beat holding';
    const acted =
      `${percent(acting)} in ${trades} trades after costs ` +
      `(purchases alone ${percent(buying)})`;
    parts.push(
      holding === null
        ? `Acting on it made ${acted}; what holding made is not on record.`
        : `${verdict}: ${acted}, holding ${percent(holding)}.`,
    );
  }
  if (model.folds.length > 0) {
    const rows = model.folds.map((fold) => [
      String(fold.fold),
      `${fold.testFrom.slice(0, 10)} to ${fold.testTo.slice(0, 10)}`,
      String(fold.testRows),
      figure(fold.brier),
      figure(fold.baseBrier),
      fold.netReturn === null ? '-' : `${(10_000 * fold.netReturn).toFixed(1)}`,
    ]);
    const head = ['fold', 'tested on', 'rows', 'Brier', 'label shares', 'net a call, bp'];
    parts.push(table(head, rows));
  }
  return parts.join('\n\n');
}

function assistantsSection({ assistants, ring }: Insights): string {
  if (assistants.length === 0) return '';
  const row = ({
    role,
    settled,
    brier,
    skill,
    calls,
    hits,
    revisions,
  }: AssistantLine): string[] => [
    role,
    String(settled),
    figure(brier),
    figure(skill),
    calls === 0 ? '-' : `${hits} of ${calls}`,
    figure(revisions),
  ];
  const head = ['assistant', 'opinions', 'Brier', 'skill', 'calls right', 'changes of mind'];
  const whole =
    ring === null
      ? ''
      : `\n\nThe ring together: Brier ${figure(ring.brier)}, skill ${figure(ring.skill)}.`;
  return `## How everybody did\n\n${table(head, assistants.map(row))}${whole}`;
}

function wrongSection(wrong: readonly WrongCall[]): string {
  if (wrong.length === 0) return '';
  const rows = wrong.map((one) => [
    one.role,
    minute(one.closeTimeMs),
    one.symbol,
    one.regime,
    `${one.said} ${(one.shareBp / 100).toFixed(0)} %`,
    one.came,
    figure(one.brier),
    one.eventId.slice(0, 12),
  ]);
  const head = ['assistant', 'close (UTC)', 'symbol', 'regime', 'said', 'came', 'Brier', 'motion'];
  return `## What the ring got wrong\n\n${table(head, rows)}`;
}

function regimesSection(regimes: readonly RegimeLine[]): string {
  if (regimes.length === 0) return '';
  const rows = regimes.map(({ regime, motions, labels, best, worst }) => [
    regime,
    String(motions),
    `${labels.BUY} / ${labels.SELL} / ${labels.HOLD}`,
    best === null ? '-' : `${best.role} ${figure(best.brier)}`,
    worst === null ? '-' : `${worst.role} ${figure(worst.brier)}`,
  ]);
  const head = ['regime', 'motions', 'BUY / SELL / HOLD came', 'best', 'worst'];
  return `## Regimes\n\n${table(head, rows)}`;
}

function debateSection({ debate }: Insights): string {
  const lines = debate.arms.filter(({ motions }) => motions > 0).map(({ words }) => `- ${words}`);
  const parts = ['## What debate added', `${debate.words}.`, lines.join('\n')];
  return parts.filter((one) => one !== '').join('\n\n');
}

function driftSection({ drift, model }: Insights): string {
  if (drift === null) return '';
  const { level, words, retrain } = drift.worth;
  const then = retrain ? `\n\nRetraining is asked for: ${retrainedText(model)}.` : '';
  return `## Drift: ${level}\n\n${words}.${then}`;
}

/** Every run trains, so what is asked for is this very run's to do. */
function retrainedText({ hash, verdict, words, rows }: Insights['model']): string {
  if (verdict === 'untrained' || hash === null) {
    return `this run has trained nothing (${words}), so it is the next one's to do`;
  }
  // Another run's candidate has waited in the shadow, and its turn came in this one.
  if (rows === null) return `this run has, and an earlier candidate, ${hash.slice(0, 12)}, won`;
  return `this run has trained ${hash.slice(0, 12)}, which is ${saidVerdict(verdict)}`;
}

function saidVerdict(verdict: Insights['model']['verdict']): string {
  return verdict === 'shadow' ? 'in the shadow' : verdict;
}

function nextSection(next: readonly string[]): string {
  if (next.length === 0) return '';
  return `## What to look at next\n\n${next.map((one) => `- ${one}`).join('\n')}`;
}

/** A cell's own bars would end it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toFixed(3);
}

function percent(fraction: number): string {
  return `${fraction < 0 ? '-' : '+'}${Math.abs(100 * fraction).toFixed(1)} %`;
}

function minute(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}
