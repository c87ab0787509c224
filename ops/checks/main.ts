import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EXIT_CODES } from '../../proto/errors.ts';
import { type Check, failed, type Outcome } from './check.ts';
import { CHECKS } from './list.ts';
import { acceptWire } from './protobuf.ts';

/** `./corro check`: everything a machine can say about the code. Runs all checks whatever fails. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const USAGE = `corro check [NAME…] [--accept-wire]

Runs every check, or those named. Exit code 0: all passed; 1: some failed; 2: wrong usage.
--accept-wire  take today's protobuf messages as the baseline, unless they break the one before

${CHECKS.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}
`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { 'accept-wire': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return EXIT_CODES.ok;
  }
  if (values['accept-wire']) return report('accept wire', await acceptWire(ROOT), 0);
  const unknown = positionals.filter((name) => !CHECKS.some((check) => named(check, name)));
  if (unknown.length > 0) return complain(`no check is named ${unknown.join(', ')}`);
  const chosen = CHECKS.filter(
    (check) => positionals.length === 0 || positionals.some((name) => named(check, name)),
  );
  return runAll(chosen);
}

function named(check: Check, name: string): boolean {
  return check.name === name || check.name.split(' ')[0] === name;
}

async function runAll(checks: readonly Check[]): Promise<number> {
  let code: number = EXIT_CODES.ok;
  for (const check of checks) {
    const startedMs = performance.now();
    const outcome = await attempt(check);
    code = Math.max(code, report(check.name, outcome, performance.now() - startedMs));
  }
  return code;
}

/** A check that breaks has failed; the others still run. */
async function attempt(check: Check): Promise<Outcome> {
  try {
    return await check.run(ROOT);
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

function report(name: string, outcome: Outcome, elapsedMs: number): number {
  const seconds = `${(elapsedMs / 1_000).toFixed(1)} s`.padStart(7);
  process.stdout.write(`${outcome.ok ? 'OK    ' : 'FAILED'} ${name.padEnd(14)} ${seconds}\n`);
  if (outcome.ok) return EXIT_CODES.ok;
  process.stdout.write(`${outcome.text.replaceAll(/^/gm, '       ')}\n`);
  return EXIT_CODES.failed;
}

function complain(text: string): number {
  process.stderr.write(`corro check: ${text}\n\n${USAGE}`);
  return EXIT_CODES.usage;
}

async function start(): Promise<number> {
  try {
    return await main(process.argv.slice(2));
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
}

process.exitCode = await start();
