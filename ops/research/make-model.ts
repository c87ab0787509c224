import { Command } from 'commander';
import { outcomeTerms } from '../../core/judgement/outcome.ts';
import { DEFAULT_CONDITIONS } from '../../core/venue/conditions.ts';
import { EXIT_CODES, exitCodeOf } from '../../proto/errors.ts';
import { readTime } from '../cli/commands/replay.ts';
import { explain } from '../cli/fault.ts';
import { Screen, standardTerminal } from '../cli/screen.ts';
import type { TapeFlags } from '../cli/tapes.ts';
import { fitModel } from './fit-model.ts';
import { readMarkets, seriesOf } from './market-data.ts';

/** Fits a model for `--strategy ml` from candle files:
 *
 *     node ops/research/make-model.ts FILE… --to 2023-01-01 --out model.onnx
 *
 * What the model has seen is no test of it: backtest it from `--to` on. */
const program = new Command('make-model')
  .argument('<files...>')
  .option('--symbol <symbol>', 'BASE/QUOTE, when the file name does not say')
  .option('--timeframe <timeframe>', '1m, 5m, 1h …, when the file does not say')
  .option('--from <time>', 'first candle, ISO 8601', readTime)
  .option('--to <time>', 'candles open before this', readTime)
  .requiredOption('--out <file>', 'the model, ONNX')
  .action(make);

async function make(
  files: readonly string[],
  flags: TapeFlags & { readonly out: string },
): Promise<void> {
  const markets = await readMarkets(files, flags, new Screen(standardTerminal(process.stderr)));
  const label = outcomeTerms(DEFAULT_CONDITIONS);
  const fitted = await fitModel({ series: seriesOf(markets), label, out: flags.out });
  process.stdout.write(`${JSON.stringify({ model: flags.out, ...fitted })}\n`);
}

try {
  await program.parseAsync(process.argv);
  process.exitCode = EXIT_CODES.ok;
} catch (error) {
  const { code, text } = explain(error);
  process.stderr.write(`make-model: ${text}\n`);
  process.exitCode = exitCodeOf(code);
}
