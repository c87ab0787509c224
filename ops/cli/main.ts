import { Command, CommanderError } from 'commander';
import { EXIT_CODES, exitCodeOf } from '../../proto/errors.ts';
import { addAssistants } from './commands/assistants.ts';
import { addAudit } from './commands/audit.ts';
import { addBacktest } from './commands/backtest.ts';
import { addChaos } from './commands/chaos.ts';
import { addDemo } from './commands/demo.ts';
import { addEscalations } from './commands/escalations.ts';
import { addGate } from './commands/gate.ts';
import { addHalt } from './commands/halt.ts';
import { addImport } from './commands/import.ts';
import { addInsights } from './commands/insights.ts';
import { addKeys } from './commands/keys.ts';
import { addLists } from './commands/lists.ts';
import { addLookahead } from './commands/lookahead.ts';
import { addModels } from './commands/models.ts';
import { addProject } from './commands/project.ts';
import { addReplay } from './commands/replay.ts';
import { addSecrets } from './commands/secrets.ts';
import { addStack } from './commands/stack.ts';
import { addStrategies } from './commands/strategies.ts';
import { addSweep } from './commands/sweep.ts';
import { addTrain } from './commands/train.ts';
import { addUsers } from './commands/users.ts';
import { addVerify } from './commands/verify.ts';
import { addWalkforward } from './commands/walkforward.ts';
import { addWatch } from './commands/watch.ts';
import { explain } from './fault.ts';
import { printJson } from './output.ts';
import { printableLines } from './printable.ts';

/** The `corro` command. Exit codes: docs/exit-codes.md. */
export function corro(): Command {
  const program = new Command('corro')
    .description('Seven assistants argue every trade; you can read why, for ever.')
    .option('--home <dir>', 'where the stack keeps its state (default: .corro, or CORRO_HOME)')
    .showHelpAfterError('(corro --help shows every command)')
    .exitOverride();
  program.commandsGroup('See it:');
  addDemo(program);
  addReplay(program);
  addImport(program);
  addWatch(program);
  program.commandsGroup('Judge it:');
  addBacktest(program);
  addSweep(program);
  addWalkforward(program);
  addLookahead(program);
  addStrategies(program);
  addGate(program);
  program.commandsGroup('Have it learn:');
  addTrain(program);
  addAssistants(program);
  addInsights(program);
  addModels(program);
  program.commandsGroup('Run it:');
  addStack(program);
  addHalt(program);
  program.commandsGroup('Read the books:');
  addLists(program);
  addEscalations(program);
  addUsers(program);
  addKeys(program);
  addSecrets(program);
  addVerify(program);
  addAudit(program);
  program.commandsGroup('Work on it:');
  addChaos(program);
  addProject(program);
  return program;
}

async function main(): Promise<number> {
  try {
    await corro().parseAsync(process.argv);
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT_CODES.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.usage;
    const fault = explain(error);
    process.stderr.write(`corro: ${printableLines(fault.text)}\n`);
    if (process.argv.includes('--json')) printJson({ error: fault });
    return exitCodeOf(fault.code);
  }
}

/** Whoever read our output has seen enough (`| head`): that is an end, not a fault. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_CODES.ok);
});
process.exit(await main());
