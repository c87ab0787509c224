import type { LearningFacts } from './insights.ts';

/** Settled motions below which scores are mostly luck. */
const FEW_MOTIONS = 200;
/** A feature that takes less of the impurity than this does nothing. */
const IDLE_IMPORTANCE = 0.005;
/** What a feature of a model may rest on alone before that is said. */
const HEAVY_IMPORTANCE = 0.4;

/** What a person should look at after a run, with the figure that says so; empty when nothing asks
 * for it. */
export function nextSteps(
  facts: LearningFacts,
  { beatsHolding }: { readonly beatsHolding: boolean | null },
): readonly string[] {
  return [
    ...ofScores(facts),
    ...ofModel(facts, beatsHolding),
    ...ofImportance(facts),
    ...ofDrift(facts),
  ];
}

function* ofScores({ scores }: LearningFacts): Generator<string> {
  if (scores.motions < FEW_MOTIONS) {
    yield `${scores.motions} settled motions: below ${FEW_MOTIONS}, scores are mostly luck`;
  }
  for (const { role, first, revisions, calibration } of scores.assistants) {
    if (first.skill !== null && first.skill < 0 && first.settled >= FEW_MOTIONS) {
      const skill = first.skill.toFixed(3);
      const opinions = `${first.settled} opinions`;
      yield `${role}: skill ${skill} over ${opinions}, less than the label shares know`;
    }
    const { interval, mean, pairs } = revisions;
    if (mean !== null && interval !== null && interval.high < 0) {
      yield `${role}: ${pairs} changes of mind cost ${(-mean).toFixed(3)} of Brier score each`;
    }
    const error = calibration.expectedError;
    if (error !== null && error > 0.15 && first.settled >= FEW_MOTIONS) {
      const off = `${(100 * error).toFixed(0)} %`;
      yield `${role}: its shares are off by ${off} on average (${first.settled} opinions)`;
    }
  }
  if (scores.debate.verdict === 'costs') yield scores.debate.words;
}

function* ofModel({ model }: LearningFacts, beatsHolding: boolean | null): Generator<string> {
  if (beatsHolding === false && model.held !== null) {
    const { buying, holding } = model.held;
    const held = `holding ${percent(holding ?? 0)} in the same time`;
    yield `buying by the model made ${percent(buying)}, ${held}`;
  }
  const worse = model.folds.filter(({ brier, baseBrier }) => brier >= baseBrier);
  if (worse.length > 0) {
    const folds = worse.map(({ fold }) => fold).join(', ');
    const of = `${worse.length} of ${model.folds.length} folds (${folds})`;
    yield `in ${of} the label shares alone did better`;
  }
  const shadow = model.checks.find(({ name, passed }) => name === 'shadow' && !passed);
  if (shadow !== undefined) yield `shadow: ${shadow.words}`;
}

function* ofImportance({ model }: LearningFacts): Generator<string> {
  const ranked = Object.entries(model.importance).sort(([, a], [, b]) => b - a);
  const [heaviest] = ranked;
  if (heaviest !== undefined && heaviest[1] > HEAVY_IMPORTANCE) {
    const share = `${(100 * heaviest[1]).toFixed(0)} %`;
    yield `the model rests on ${heaviest[0]} for ${share} of what it knows`;
  }
  const idle = ranked.filter(([, share]) => share < IDLE_IMPORTANCE).map(([name]) => name);
  if (idle.length > 0) yield `features that the model does not use: ${idle.join(', ')}`;
}

function* ofDrift({ drift }: LearningFacts): Generator<string> {
  if (drift !== null && drift.worth.level !== 'none') yield `drift: ${drift.worth.words}`;
}

function percent(fraction: number): string {
  return `${fraction < 0 ? '-' : '+'}${Math.abs(100 * fraction).toFixed(1)} %`;
}
