import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { readBlob } from '../../../adapters/store/blobs.ts';
import { changeModel } from '../../../adapters/store/model-changes.ts';
import { listModels, MOST_CHALLENGERS, type StoredModel } from '../../../adapters/store/models.ts';
import { championBefore, rollbackChampion } from '../../../adapters/store/promotion.ts';
import { MODEL_STATES, type ModelState } from '../../../core/models/lifecycle.ts';
import { CorroError } from '../../../proto/errors.ts';
import { modelDifference } from '../../learning/model-difference.ts';
import { metricsOf, netReturnOver, overFolds } from '../../learning/model-metrics.ts';
import { modelStory } from '../../learning/model-story.ts';
import { tellChampion } from '../champion-news.ts';
import { confirm } from '../confirm.ts';
import { type Connections, withStack } from '../connections.ts';
import { readableHomeOf } from '../home.ts';
import { CHAMPION, chosenChampion, chosenModel, type MarketFlags } from '../model-choice.ts';
import { modelDifferencePage } from '../model-difference-page.ts';
import { marketOf, modelPage, percent, shortHash, windowText } from '../model-page.ts';
import { printJson } from '../output.ts';
import { checkedReason, NO_REASON } from '../reason.ts';
import { clockText, table } from '../table.ts';
import { addPromote } from './promote.ts';
import { addTrain } from './train.ts';

interface ModelFlags extends MarketFlags {
  readonly state?: ModelState;
  readonly reason?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addModels(program: Command): void {
  const models = withMarket(
    program
      .command('models')
      .description('trained models: who speaks for a market, and who wants to'),
  )
    .addOption(new Option('--state <state>', 'only these').choices(MODEL_STATES))
    .option('--json', 'as JSON')
    .action(list);
  withMarket(models.command('list'))
    .description('every registered model, the newest first')
    .option('--json', 'as JSON')
    .action(list);
  withMarket(models.command('show'))
    .description('all there is to say of one: what it learned from, how it was judged, its life')
    .argument('[hash]', 'its hash, the beginning or the end of it, or champion', CHAMPION)
    .option('--json', 'as JSON')
    .action(show);
  models
    .command('shadow')
    .description('have a candidate answer beside the champion, where nobody counts it')
    .argument('<hash>')
    .option('--reason <text>', 'why: recorded')
    .option('--json', 'as JSON')
    .action(shadow);
  models
    .command('reject')
    .description('reject a candidate or a shadow for good')
    .argument('<hash>')
    .requiredOption('--reason <text>', 'why: recorded')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .action(reject);
  addPromote(models);
  addTrain(models);
  withMarket(models.command('rollback'))
    .description('give a market back to the champion before this one, or to none')
    .requiredOption('--reason <text>', 'why: recorded')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .action(rollback);
  models
    .command('diff')
    .description('two models beside each other: what they are, what they said of common motions')
    .argument('<hashes...>', 'two of them, or one and the champion of its market')
    .option('--json', 'as JSON')
    .action(diff);
  models
    .command('export')
    .description('write a model as a file, for backtest --model; its bytes are checked')
    .argument('<hash>')
    .requiredOption('--out <file>', 'where to')
    .option('--force', 'over what is there')
    .option('--json', 'as JSON')
    .action(exportModel);
}

/** What a market is chosen by, wherever on the line it stands. */
function withMarket(command: Command): Command {
  return command
    .option('--symbol <symbol>', 'of this market')
    .option('--timeframe <timeframe>', 'of these candles')
    .option('--venue <venue>', 'of this venue');
}

async function list(_flags: ModelFlags, command: Command): Promise<void> {
  const { json, symbol, timeframe, venue, state } = command.optsWithGlobals<ModelFlags>();
  await withStack(readableHomeOf(command), async ({ db }) => {
    const asked = { symbol, timeframe, venue, state };
    const given = Object.entries(asked).filter(([, value]) => value !== undefined);
    const models = await listModels(db, Object.fromEntries(given));
    if (json === true) return printJson(models);
    process.stdout.write(`${modelsTable(models)}\n`);
  });
}

function modelsTable(models: readonly StoredModel[]): string {
  return table(
    models.map((model) => ({ ...model, folds: metricsOf(model).folds })),
    [
      { heading: 'MODEL', cell: ({ hash }) => shortHash(hash) },
      { heading: 'MARKET', cell: marketOf },
      { heading: 'STATE', cell: ({ state }) => state },
      { heading: 'LEARNED FROM (UTC)', cell: windowText },
      {
        heading: 'BRIER',
        cell: ({ folds }) => overFolds(folds, ({ brier }) => brier)?.toFixed(4) ?? '—',
        align: 'right',
      },
      {
        heading: 'NET A CALL',
        cell: ({ folds }) => percent(netReturnOver(folds), 3),
        align: 'right',
      },
      { heading: 'REGISTERED (UTC)', cell: ({ recordedAtMs }) => clockText(recordedAtMs) },
    ],
    'no models yet: ./corro train makes one',
  );
}

async function show(typed: string, _flags: ModelFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<ModelFlags>();
  await withStack(readableHomeOf(command), async ({ db }) => {
    const story = await modelStory(db, await chosenModel(db, typed, flags));
    if (flags.json === true) return printJson(story);
    process.stdout.write(`${modelPage(story)}\n`);
  });
}

async function shadow(typed: string, _flags: ModelFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<ModelFlags>();
  const reason = flags.reason === undefined ? NO_REASON : checkedReason(flags.reason);
  await withStack(readableHomeOf(command), async ({ db }) => {
    const { hash } = await chosenModel(db, typed, flags);
    const change = { hash, to: 'shadow', reason, evidence: {}, by: 'cli' } as const;
    const model = await changeModel(db, change);
    const { venue, symbol, timeframe } = model;
    const all = await listModels(db, { venue, symbol, timeframe, state: 'shadow' });
    const isAsked = all.slice(0, MOST_CHALLENGERS).some((one) => one.hash === hash);
    if (flags.json === true) return printJson({ ...model, isAsked });
    const now = isAsked
      ? 'it answers beside the champion from the next candle on'
      : `it is not asked while ${MOST_CHALLENGERS} newer ones are there`;
    process.stdout.write(`${shortHash(hash)} is in the shadow of ${marketOf(model)}: ${now}\n`);
  });
}

async function reject(typed: string, _flags: ModelFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<ModelFlags>();
  const reason = checkedReason(flags.reason);
  await withStack(readableHomeOf(command), async ({ db }) => {
    const model = await chosenModel(db, typed, flags);
    const name = `${shortHash(model.hash)} of ${marketOf(model)}`;
    if (flags.yes !== true) {
      await confirm(`Reject ${name} (${model.state}) for good? [y/N] `, {
        danger: 'a rejected model never comes back',
        refused: 'nothing was rejected',
      });
    }
    const change = { hash: model.hash, to: 'rejected', reason, evidence: {}, by: 'cli' } as const;
    const rejected = await changeModel(db, change);
    if (flags.json === true) return printJson(rejected);
    process.stdout.write(`${name} is rejected\n`);
  });
}

async function rollback(_flags: ModelFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<ModelFlags>();
  const reason = checkedReason(flags.reason);
  await withStack(readableHomeOf(command), async (connections) => {
    const { db } = connections;
    const { hash, epoch, venue, symbol, timeframe } = await chosenChampion(db, flags);
    const market = { venue, symbol, timeframe };
    const name = `${symbol} ${timeframe} at ${venue}`;
    if (flags.yes !== true) await confirmRollback(db, { hash, name });
    const request = { market, expectedEpoch: epoch, reason, by: 'cli' };
    const told = await rollbackChampion(db, request);
    if (told.outcome === 'stale') {
      const now = `epoch ${told.epoch}, ${told.hash === null ? 'nobody' : shortHash(told.hash)}`;
      throw new CorroError('model_step', `${name} got another champion meanwhile (${now})`);
    }
    await tellChampion(connections, { news: 'rolled_back', market, told, reason });
    if (flags.json === true) return printJson(told);
    const to = told.hash === null ? 'nobody: its rules speak' : shortHash(told.hash);
    process.stdout.write(
      `${name} is back with ${to} (epoch ${told.epoch}), from the next candle on\n`,
    );
  });
}

async function confirmRollback(
  db: Connections['db'],
  { hash, name }: { readonly hash: string; readonly name: string },
): Promise<void> {
  const before = await championBefore(db, hash);
  const to = before === null ? 'to no model' : `to ${shortHash(before)}`;
  await confirm(`Roll ${name} back from ${shortHash(hash)} ${to}? [y/N] `, {
    danger: 'a rollback changes who speaks for a market',
    refused: 'nothing was rolled back',
  });
}

async function diff(typed: readonly string[], _flags: ModelFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<ModelFlags>();
  const [one = '', other = CHAMPION, ...more] = typed;
  if (more.length > 0) {
    throw new CorroError('usage', `two models are compared, was ${typed.length}`);
  }
  await withStack(readableHomeOf(command), async ({ db }) => {
    const first = await chosenModel(db, one, flags);
    // The champion that is meant is the one of the first model's market.
    const second = await chosenModel(db, other, first);
    const difference = await modelDifference(db, [first, second]);
    if (flags.json === true) return printJson(difference);
    process.stdout.write(`${modelDifferencePage(difference)}\n`);
  });
}

async function exportModel(typed: string, _flags: ModelFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<ModelFlags>();
  const { out = '' } = flags;
  await withStack(readableHomeOf(command), async ({ db }) => {
    const { hash } = await chosenModel(db, typed, flags);
    const bytes = await readBlob(db, hash);
    try {
      await writeFile(out, bytes, { flag: flags.force === true ? 'w' : 'wx' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw new CorroError('failed', `${out} cannot be written (${code})`);
      throw new CorroError('usage', `${out} must not be there: say --force to write over it`);
    }
    if (flags.json === true) return printJson({ hash, file: out, bytes: bytes.length });
    process.stdout.write(`${hash} is in ${out} (${bytes.length} bytes)\n`);
  });
}
