import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Check, failed, OK, type Outcome } from './check.ts';

const TIMEOUT_MS = 300_000;

/** A check that is a program of node_modules/.bin and passes when it exits with 0. */
export function commandCheck(name: string, about: string, command: readonly string[]): Check {
  return { name, about, run: (root) => runCommand(root, command) };
}

/** Runs `[program, ...arguments]` of node_modules/.bin in `root`; its output is the text of a
 * failure. */
export function runCommand(root: string, command: readonly string[]): Promise<Outcome> {
  const [program = '', ...parameters] = command;
  const bin = join(root, 'node_modules', '.bin');
  return new Promise((resolve) => {
    const child = spawn(join(bin, program), parameters, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' },
    });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stderr.on('data', (part: Buffer) => parts.push(part));
    child.on('error', (error) => resolve(failed(`${program} does not start: ${error.message}`)));
    child.on('close', (code, signal) => {
      const said = Buffer.concat(parts).toString('utf8').trim();
      const ending = signal === null ? `exit code ${code}` : `ended by ${signal}`;
      resolve(code === 0 ? OK : failed(`${said}\n${program}: ${ending}`.trim()));
    });
  });
}
