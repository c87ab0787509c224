import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { REPOSITORY } from '../../stack/home.ts';

/** The two commands of whoever changes Corro: both hand over, with every further argument. */
export function addProject(program: Command): void {
  program
    .command('test')
    .description('run the whole test suite on real servers; further arguments go to vitest')
    .argument('[vitest-args...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((args: string[]) => {
      process.exitCode = handOver([join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args]);
    });
  program
    .command('check')
    .description('types, format, lint, unused code, import arrows, protobuf, migrations')
    .argument('[checks...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((args: string[]) => {
      process.exitCode = handOver([join('ops', 'checks', 'main.ts'), ...args]);
    });
}

function handOver(args: readonly string[]): number {
  const { status } = spawnSync(process.execPath, args, { cwd: REPOSITORY, stdio: 'inherit' });
  return status ?? 1;
}
