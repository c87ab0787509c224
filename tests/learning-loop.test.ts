/** Failure here means: the learning loop promotes what did not earn it or loses what did, two runs
 * teach one market at once, or a process that dies in the middle leaves half a promotion, a run
 * that runs for ever, or another verdict. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../adapters/store/audit.ts';
import { listRuns, readRun } from '../adapters/store/learning-runs.ts';
import { championOf, changesOf, listModels } from '../adapters/store/models.ts';
import { countOutcomes } from '../adapters/store/outcomes.ts';
import { predictionsOf } from '../adapters/store/predictions.ts';
import { currentWeights } from '../adapters/store/weights.ts';
import type { Market } from '../core/learning/contract.ts';
import type { Insights } from '../core/learning/insights.ts';
import { type LearningHandle, progressOf, resultOf } from '../ops/learning/runs.ts';
import { learningQuery } from '../workflows/messages.ts';
import { until } from './e2e/corro.ts';
import { LearningFloor } from './learning-floor.ts';
import { TIMEFRAME } from './made-up-market.ts';
import { PYTHON_TIMEOUT_MS } from './models-maker.ts';

const floor = new LearningFloor();
/** Enough for two folds that can be judged, and to be told from luck. */
const LEARNED = 6_000;
const TRADED = 700;
/** Of noise there is nothing to tell. */
const LITTLE = 1_500;

beforeAll(() => floor.open(), PYTHON_TIMEOUT_MS);
afterAll(() => floor.close());

const market = (symbol: string): Market => ({ venue: 'paper', symbol, timeframe: TIMEFRAME });
const newsOf = (symbol: string) => floor.news.filter((one) => one.symbol === symbol);
const runsOf = (symbol: string) => listRuns(floor.db, { newest: 10, symbol });

/** Steps of a run in the order in which they were scheduled, as the Web UI lists them. */
async function stepsOf(handle: LearningHandle): Promise<readonly string[]> {
  const { events = [] } = await handle.fetchHistory();
  const decoder = new TextDecoder();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: step, userMetadata }) => {
    if (step === null || step === undefined) return [];
    const { data } = userMetadata?.summary ?? {};
    return [data ? (JSON.parse(decoder.decode(data)) as string) : '(no summary)'];
  });
}

async function isTraining(handle: LearningHandle): Promise<boolean> {
  const progress = await progressOf(handle);
  return progress !== null && progress.training !== null;
}

describe('a market that can be foretold', () => {
  const symbol = 'RUNS/USDT';
  let first: LearningHandle;

  beforeAll(async () => {
    await floor.makeMarket({ symbol, kind: 'runs', learned: LEARNED, traded: TRADED });
    first = await floor.start(floor.input(market(symbol)));
  });

  test('promoted - by every check; outcomes, weights and report are on record', async () => {
    const result = await resultOf(first);
    const { hash, epoch } = await championOf(floor.db, market(symbol));
    const { report, ...run } = await readRun(floor.db, result.runId);
    expect(result.why).toMatch(/^promoted/);
    expect(result).toMatchObject({ verdict: 'promoted', modelHash: hash });
    expect(epoch).toBe(1);
    expect(run).toMatchObject({ status: 'done', verdict: 'promoted', modelHash: hash });
    const insights = report?.insights as unknown as Insights;
    expect(insights.model.checks.map(({ name, passed }) => [name, passed])).toEqual(
      ['better', 'pays', 'calibrated', 'features', 'shadow', 'gate'].map((name) => [name, true]),
    );
    expect(report?.markdown).toContain('# What the ring learned: RUNS/USDT');
    const { outcomes } = await countOutcomes(floor.db, { market: market(symbol) });
    expect(outcomes).toBeGreaterThan(40);
    const { version } = await currentWeights(floor.db);
    expect(version).toBe(result.weightsVersion);
    const steps = (await changesOf(floor.db, hash ?? '')).map(({ to }) => to);
    expect(steps).toEqual(['candidate', 'shadow', 'champion']);
  });

  test('a person is told: of the new champion, and of how the run ended', async () => {
    const { hash } = await championOf(floor.db, market(symbol));
    await until('the news', () => newsOf(symbol).length === 2);
    const [run] = await runsOf(symbol);
    const told = { by: 'learning', runId: run?.id, model: hash, venue: 'paper' };
    expect(newsOf(symbol)).toMatchObject([
      { ...told, news: 'promoted', modelBefore: null },
      { ...told, news: 'run_done', verdict: 'promoted', weightsVersion: run?.weightsVersion },
    ]);
    expect(newsOf(symbol)[1]?.words).toContain('; model promoted: promoted: ');
  });

  test('its answers to what it had not seen are on record, and to nothing else', async () => {
    const { hash } = await championOf(floor.db, market(symbol));
    const [model] = await listModels(floor.db, market(symbol));
    const told = await predictionsOf(floor.db, hash ?? '');
    expect(told.length).toBeGreaterThanOrEqual(20);
    for (const { closeTimeMs, part } of told) {
      expect(part).toBe('challenger');
      expect(closeTimeMs).toBeGreaterThan(model?.dataToMs ?? Number.NaN);
    }
  });

  test('reads as the reference draws it, every step with its summary', async () => {
    const steps = await stepsOf(first);
    expect(steps).not.toContain('(no summary)');
    const stages = steps.slice(1).map((step) => step.split(':')[0]);
    expect([...new Set(stages)]).toEqual([
      ...['collect outcomes', 'analyse performance', 'update models', 'generate insights'],
    ]);
    const view = await first.query(learningQuery);
    expect(view.stages.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
  });

  test('the same once more - the same run and the same model, and one champion', async () => {
    const before = await championOf(floor.db, market(symbol));
    const again = await floor.start(floor.input(market(symbol)));
    const result = await resultOf(again);
    expect(result).toMatchObject({ verdict: 'promoted', modelHash: before.hash });
    expect(await championOf(floor.db, market(symbol))).toEqual(before);
    expect(await runsOf(symbol)).toHaveLength(1);
    expect(await listModels(floor.db, market(symbol))).toHaveLength(1);
  });

  test('another that is no better - the champion stays, and its drift is measured', async () => {
    const before = await championOf(floor.db, market(symbol));
    const settings = { seed: 8, trees: 2, folds: 2, embargoCandles: 12 };
    const handle = await floor.start(floor.input(market(symbol), { settings }));
    const result = await resultOf(handle);
    expect(result.verdict).toBe('rejected');
    expect(await championOf(floor.db, market(symbol))).toMatchObject({
      hash: before.hash,
      epoch: before.epoch,
    });
    const { report } = await readRun(floor.db, result.runId);
    const { drift } = (report as NonNullable<typeof report>).insights as unknown as Insights;
    expect(drift?.worth.words).toContain('stability index');
    expect(await verifyChain(floor.db, 'configuration')).toMatchObject({ intact: true });
  });
});

test('a candidate that nobody asked yet waits in the shadow, and is judged again', async () => {
  const symbol = 'WAIT/USDT';
  const made = { symbol, kind: 'runs', learned: LEARNED } as const;
  await floor.makeMarket({ ...made, traded: 0 });
  const first = await resultOf(await floor.start(floor.input(market(symbol))));
  expect(first.why).toContain('0 of 20 live answers');
  expect(first.verdict).toBe('shadow');
  expect((await championOf(floor.db, market(symbol))).hash).toBeNull();
  await floor.makeMarket({ ...made, traded: TRADED });
  const settings = { seed: 8, trees: 2, folds: 2, embargoCandles: 12 };
  const second = await resultOf(await floor.start(floor.input(market(symbol), { settings })));
  const { hash } = await championOf(floor.db, market(symbol));
  const steps = await changesOf(floor.db, first.modelHash ?? '');
  expect([second.why, ...steps.map(({ reason }) => reason)].join('\n')).toContain('promoted: ');
  expect([first.modelHash, second.modelHash]).toContain(hash);
  const [run] = await runsOf(symbol);
  expect(run).toMatchObject({ verdict: 'promoted', modelHash: hash });
}, 480_000);

describe('markets that nothing is learned from', () => {
  test('noise - the candidate is not promoted, and says why', async () => {
    const symbol = 'NOISE/USDT';
    await floor.makeMarket({ symbol, kind: 'noise', learned: LITTLE, traded: TRADED, seed: 5 });
    const result = await resultOf(await floor.start(floor.input(market(symbol))));
    expect(result.verdict).toBe('rejected');
    expect(result.why).toContain('rejected: ');
    expect((await championOf(floor.db, market(symbol))).hash).toBeNull();
  });

  test('thin - untrained and no failure: the next run goes on', async () => {
    const symbol = 'THIN/USDT';
    await floor.makeMarket({ symbol, kind: 'runs', learned: 300, traded: 100 });
    const result = await resultOf(await floor.start(floor.input(market(symbol))));
    expect(result).toMatchObject({ verdict: 'untrained', modelHash: null });
    expect(result.why).toContain('must be at least 500 rows');
    expect(await runsOf(symbol)).toMatchObject([{ status: 'done', verdict: 'untrained' }]);
  });

  test('empty - refused before anything is put on record', async () => {
    const handle = await floor.start(floor.input(market('EMPTY/USDT')));
    await expect(resultOf(handle)).rejects.toMatchObject({ code: 'no_candles' });
    expect(await runsOf('EMPTY/USDT')).toEqual([]);
  });
});

describe('one run of a market at a time', () => {
  const symbol = 'TURN/USDT';

  beforeAll(async () => {
    await floor.makeMarket({ symbol, kind: 'noise', learned: LITTLE, traded: 0, seed: 9 });
    // Nobody trains: the first run stays where it is.
    floor.trainer.signal('SIGSTOP');
  });
  afterAll(() => floor.trainer.signal('SIGCONT'));

  test('a second is refused, a scheduled one waits, a cancelled one ends in order', async () => {
    const first = await floor.start(floor.input(market(symbol)));
    await until('the first run', async () => (await runsOf(symbol)).length === 1);
    await expect(floor.start(floor.input(market(symbol)))).rejects.toMatchObject({
      code: 'learning_under_way',
    });
    const daily = await floor.startAs('daily', market(symbol));
    await until('the scheduled one to wait', async () => {
      const { events = [] } = await daily.fetchHistory();
      return events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes);
    });
    expect(await runsOf(symbol)).toMatchObject([{ cadence: 'demand', status: 'running' }]);
    await daily.cancel();
    await expect(resultOf(daily)).rejects.toMatchObject({ code: 'interrupted' });
    await until('the training', async () => {
      const { raw } = await first.describe();
      return raw.pendingActivities?.some((step) => step.activityType?.name === 'trainModel');
    });
    await first.cancel();
    floor.trainer.signal('SIGCONT');
    await expect(resultOf(first)).rejects.toMatchObject({ code: 'interrupted' });
    const [run] = await runsOf(symbol);
    expect(run).toMatchObject({ status: 'cancelled', modelHash: null, verdict: null });
    const { report } = await readRun(floor.db, run?.id ?? '');
    expect(report?.markdown).toContain('This run was cancelled');
    expect((await championOf(floor.db, market(symbol))).hash).toBeNull();
  });

  test('a run that was terminated keeps nobody out', async () => {
    floor.trainer.signal('SIGSTOP');
    const lost = await floor.startAs('weekly', market(symbol));
    await until('the weekly run', async () => {
      return (await runsOf(symbol)).some(({ status }) => status === 'running');
    });
    await lost.terminate('a test');
    floor.trainer.signal('SIGCONT');
    const result = await resultOf(await floor.start(floor.input(market(symbol))));
    expect(result.verdict).toBe('rejected');
    const weekly = (await runsOf(symbol)).find(({ cadence }) => cadence === 'weekly');
    expect(weekly).toMatchObject({ status: 'failed', why: 'ended without a word' });
  });
});

describe('killed', () => {
  const symbol = 'KILL/USDT';

  test('worker again and again, trainer once - one champion, no half state', async () => {
    await floor.makeMarket({ symbol, kind: 'runs', learned: LEARNED, traded: TRADED, seed: 3 });
    const handle = await floor.start(floor.input(market(symbol)));
    await floor.killWorker();
    await until('the training', () => isTraining(handle));
    floor.trainer.signal('SIGKILL');
    await floor.trainer.exit;
    [floor.trainer] = await Promise.all([floor.newTrainer(), floor.killWorker()]);
    await until('the candidate', async () => {
      return (await listModels(floor.db, market(symbol))).length === 1;
    });
    await floor.killWorker();
    const result = await resultOf(handle);
    expect(result.why).toMatch(/^promoted/);
    const { hash, epoch } = await championOf(floor.db, market(symbol));
    expect({ hash, epoch }).toEqual({ hash: result.modelHash, epoch: 1 });
    const steps = (await changesOf(floor.db, hash ?? '')).map(({ to }) => to);
    expect(steps).toEqual(['candidate', 'shadow', 'champion']);
    expect(await runsOf(symbol)).toMatchObject([{ status: 'done', verdict: 'promoted' }]);
    expect(await verifyChain(floor.db, 'configuration')).toMatchObject({ intact: true });
  });
});
