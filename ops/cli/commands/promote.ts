import { type Command, Option } from 'commander';
import { readBlob } from '../../../adapters/store/blobs.ts';
import { type Champion, championOf, type StoredModel } from '../../../adapters/store/models.ts';
import { promoteModel } from '../../../adapters/store/promotion.ts';
import { UnknownError } from '../../../adapters/store/unknown.ts';
import { modelStep, modelStepsFrom } from '../../../core/models/lifecycle.ts';
import { CorroError } from '../../../proto/errors.ts';
import { type GateAnswer, gateOf } from '../../learning/gate.ts';
import { tellChampion } from '../champion-news.ts';
import { confirm } from '../confirm.ts';
import { type Connections, withStack } from '../connections.ts';
import { gatePage } from '../gate-page.ts';
import { readableHomeOf } from '../home.ts';
import { chosenModel, type MarketFlags } from '../model-choice.ts';
import { marketOf, shortHash } from '../model-page.ts';
import { printJson } from '../output.ts';
import { checkedReason, NO_REASON } from '../reason.ts';
import { readCount } from './replay.ts';

interface PromoteFlags extends MarketFlags {
  readonly reason?: string;
  /** False: `--no-gate`. */
  readonly gate: boolean;
  readonly debates: number;
  readonly user?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const MOST_FLIPS = 10;

export function addPromote(models: Command): void {
  models
    .command('promote')
    .description('make a model the champion of its market: the change gate is run and shown first')
    .argument('<hash>')
    .option('--reason <text>', 'why: recorded')
    .addOption(new Option('--no-gate', 'without the gate, or against it: --reason must say why'))
    .option('--debates <n>', 'the gate replays the newest so many', readCount, 500)
    .option('--user <name>', 'for whom they were decided (default: the first by name)')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .action(promote);
}

async function promote(typed: string, _flags: PromoteFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<PromoteFlags>();
  const isFree = flags.gate && flags.reason === undefined;
  const reason = isFree ? NO_REASON : checkedReason(flags.reason);
  await withStack(readableHomeOf(command), async (connections) => {
    const { db } = connections;
    const model = await chosenModel(db, typed, flags);
    expectPromotable(model);
    // Whatever happens to the market's champion while this is looked at makes the promotion stale.
    const champion = await championOf(db, model);
    const gate = await judged(db, model, flags);
    if (flags.json !== true) process.stdout.write(`${gateText(gate)}\n\n`);
    expectPassed(gate);
    if (flags.yes !== true) await confirmPromotion(model, champion);
    const told = await promoteModel(db, {
      hash: model.hash,
      expectedEpoch: champion.epoch,
      evidence: evidenceOf(gate),
      ...{ reason, by: 'cli' },
    });
    if (told.outcome === 'stale') {
      const now = `epoch ${told.epoch}, ${shortHash(told.hash)}`;
      const detail = `${marketOf(model)} got another champion meanwhile (${now})`;
      throw new CorroError('model_step', `${detail}: nothing was promoted`);
    }
    await tellChampion(connections, { news: 'promoted', market: model, told, reason });
    if (flags.json === true) return printJson({ promotion: told, gate: gate.report });
    const back = 'back: ./corro models rollback --reason …';
    process.stdout.write(
      `${shortHash(model.hash)} is the champion of ${marketOf(model)} (epoch ${told.epoch}), ` +
        `from the next candle on; ${back}\n`,
    );
  });
}

function expectPromotable({ hash, state }: StoredModel): void {
  if (modelStep(state, 'champion') === 'promotion') return;
  throw new CorroError('model_step', `${shortHash(hash)} is ${state}: ${modelStepsFrom(state)}`);
}

/** Throws `model_step` when the gate was run and did not let the model pass. */
export function expectPassed({ report }: Gated): void {
  if (report === null || report.passed) return;
  const way = 'to promote it all the same: --no-gate --reason "…"';
  throw new CorroError('model_step', `the gate does not let it pass; ${way}`);
}

/** What the gate said; `report` is `null` where it was not run, or had nothing to replay. */
interface Gated {
  readonly report: GateAnswer | null;
  readonly words: string;
}

/** A model that does not load is not promoted, with or without the gate, which loads it too. */
async function judged(
  db: Connections['db'],
  { hash, venue, symbol, timeframe }: StoredModel,
  { gate, debates, user }: PromoteFlags,
): Promise<Gated> {
  const name = `model ${shortHash(hash)}`;
  // The runtime of models is large: only who needs it loads it.
  const { loadModelBytes } = await import('../../../adapters/models/load.ts');
  const loaded = await loadModelBytes(await readBlob(db, hash), { hash, name });
  await loaded.release();
  if (!gate) return { report: null, words: 'The gate was not run.' };
  const who = user === undefined ? {} : { username: user };
  const query = { venue, symbol, timeframe, debates, ...who };
  try {
    const report = await gateOf(db, query, { kind: 'model', text: hash });
    return { report, words: report.words };
  } catch (error) {
    // The symbol was never traded there.
    if (!(error instanceof UnknownError && error.kind.startsWith('symbol'))) throw error;
    return { report: null, words: 'There is no recorded decision to replay.' };
  }
}

function gateText({ report, words }: Gated): string {
  return report === null ? words : gatePage(report, MOST_FLIPS);
}

/** What stays on record of the gate beside the promotion. */
function evidenceOf({ report, words }: Gated): Readonly<Record<string, unknown>> {
  if (report === null) return { gate: { passed: null, words } };
  const { passed, motions, flips, unreproduced, username } = report;
  return { gate: { passed, words, motions, flips: flips.length, unreproduced, username } };
}

function confirmPromotion(model: StoredModel, { hash, epoch }: Champion): Promise<void> {
  const place = hash === null ? 'which has none' : `in place of ${shortHash(hash)}`;
  const what = `${shortHash(model.hash)} the champion of ${marketOf(model)}, ${place}`;
  return confirm(`Make ${what} (epoch ${epoch + 1})? [y/N] `, {
    danger: 'a promotion changes who speaks for a market',
    refused: 'nothing was promoted',
  });
}
