import { join } from 'node:path';
import type { Command } from 'commander';
import { readStack, StackError, stackHome } from '../stack/control.ts';

/** Where the demo keeps its state: beside the ring's own in a home folder, and wiped by every
 * demo. */
export function demoHome(home: string = stackHome()): string {
  return join(home, 'demo');
}

/** Throws `already_running` while a demo runs in a home folder. */
export function expectNoDemo(home: string): void {
  const demo = demoHome(home);
  if (readStack(demo)?.status !== 'running') return;
  const how = 'stop it with Ctrl-C where it runs';
  throw new StackError('already_running', `a demo is already running in ${demo}: ${how}`);
}

/** The home folder a command works on: `--home`, else CORRO_HOME, else `.corro`. */
export function homeOf(command: Command): string {
  const { home } = command.optsWithGlobals<{ home?: string }>();
  return stackHome(home === undefined ? {} : { flag: home });
}

/** The same for commands that read: while only the demo runs, they mean the demo. */
export function readableHomeOf(command: Command): string {
  const home = homeOf(command);
  if (readStack(home)?.status === 'running') return home;
  const demo = demoHome(home);
  if (readStack(demo)?.status === 'running') {
    process.stderr.write('corro: reading the demo that is running\n');
    return demo;
  }
  return home;
}
