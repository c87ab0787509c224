import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CorroError } from '../../proto/errors.ts';
import { REPOSITORY, writeAtomically } from '../stack/home.ts';
import { claim, release } from '../stack/lock.ts';
import { pause } from '../stack/processes.ts';
import { run } from './run.ts';

/** The project's Python environments, each a venv of its own in the clone. The servers' `.venv` is
 * not among them: `./corro` makes it before any of our code can run. */
export const PYTHON_ENVIRONMENTS = ['training', 'bench'] as const;
export type PythonName = (typeof PYTHON_ENVIRONMENTS)[number];

/** An environment that is there and holds exactly what its requirements name. */
export interface PythonEnvironment {
  /** The venv, absolute. */
  readonly folder: string;
  readonly python: string;
}

/** What an environment is made of and where it goes, absolute paths. */
export interface PythonRecipe {
  readonly folder: string;
  readonly requirements: string;
}

export type PythonState =
  | { readonly state: 'ready'; readonly environment: PythonEnvironment }
  /** `stale`: made from another requirements file, or by a Python that is gone. */
  | { readonly state: 'absent' | 'stale' };

export interface Furnishing {
  /** The Python a venv is made with; `python3` of PATH when absent. */
  readonly python?: string;
  /** Told before a long installation starts. */
  readonly onInstall?: (folder: string) => void;
}

const LEAST_PYTHON = '3.11';
const MARK = '.corro-installed';
const INSTALL_TIMEOUT_MS = 30 * 60_000;
const POLL_MS = 200;

export function recipeOf(name: PythonName): PythonRecipe {
  return {
    folder: join(REPOSITORY, `.venv-${name}`),
    requirements: join(REPOSITORY, name, 'requirements.txt'),
  };
}

const made = new Map<PythonName, Promise<PythonEnvironment>>();

/** The environment of that name, installed first when it is not there or its requirements changed.
 * Any number of processes may ask at once: one installs, the others wait for it. Throws
 * `python_missing` when this machine has no Python for it or pip cannot install. */
export function ensurePython(name: PythonName): Promise<PythonEnvironment> {
  const known = made.get(name);
  if (known !== undefined) return known;
  const onInstall = (folder: string): void => {
    process.stderr.write(`corro: installing Python packages into ${folder} (once; minutes)\n`);
  };
  const making = furnish(recipeOf(name), { onInstall });
  made.set(name, making);
  // A failure is not kept: what was missing may be there the next time.
  making.catch(() => made.delete(name));
  return making;
}

/** Looks, and changes nothing. */
export function findPython(recipe: PythonRecipe): PythonState {
  const environment = { folder: recipe.folder, python: join(recipe.folder, 'bin/python') };
  if (!existsSync(recipe.folder)) return { state: 'absent' };
  if (readMark(recipe.folder) !== markOf(recipe)) return { state: 'stale' };
  return existsSync(environment.python) ? { state: 'ready', environment } : { state: 'stale' };
}

/** `ensurePython` for any recipe. */
export async function furnish(
  recipe: PythonRecipe,
  options: Furnishing = {},
): Promise<PythonEnvironment> {
  const lock = `${recipe.folder}.lock`;
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    const found = findPython(recipe);
    if (found.state === 'ready') return found.environment;
    if (claim(lock).taken) break;
    await pause(POLL_MS);
  }
  try {
    const found = findPython(recipe);
    if (found.state === 'ready') return found.environment;
    await install(recipe, options);
  } finally {
    release(lock);
  }
  return furnish(recipe, options);
}

/** A venv that was begun is never added to: what an interrupted or older installation left could
 * not be told from what belongs. The mark is written last. */
async function install(recipe: PythonRecipe, options: Furnishing): Promise<void> {
  const python = options.python ?? 'python3';
  await checkPython(python);
  options.onInstall?.(recipe.folder);
  rmSync(recipe.folder, { recursive: true, force: true });
  await must(python, ['-m', 'venv', recipe.folder], 'cannot make a venv');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  const strict = ['--require-hashes', '--only-binary', ':all:', '--no-deps'];
  await must(
    join(recipe.folder, 'bin/python'),
    [...pip, ...strict, '-r', recipe.requirements],
    'pip could not install',
  );
  writeAtomically(join(recipe.folder, MARK), markOf(recipe));
}

async function checkPython(python: string): Promise<void> {
  const ask = 'import sys; print("%d.%d" % sys.version_info[:2])';
  const asked = await run(python, ['-c', ask], { timeoutMs: 60_000 });
  if (asked.code !== 0) {
    throw missing(`${python} (${LEAST_PYTHON} or newer) is not on PATH or does not run`);
  }
  const version = asked.stdout.trim();
  if (!isNewEnough(version)) {
    throw missing(`${python} must be ${LEAST_PYTHON} or newer, was ${version}`);
  }
  const parts = await run(python, ['-c', 'import venv, ensurepip'], { timeoutMs: 60_000 });
  if (parts.code === 0) return;
  throw missing(`${python} lacks venv (on Debian and Ubuntu: apt-get install python3-venv)`);
}

async function must(program: string, flags: readonly string[], what: string): Promise<void> {
  const ended = await run(program, flags, { timeoutMs: INSTALL_TIMEOUT_MS });
  if (ended.code === 0) return;
  const said = ended.stderr.trim().split('\n').slice(-5).join('\n');
  throw missing(`${what}: ${said === '' ? `exit code ${ended.code}` : said}`);
}

function missing(detail: string): CorroError {
  return new CorroError('python_missing', detail);
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_PYTHON.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

function readMark(folder: string): string | null {
  try {
    return readFileSync(join(folder, MARK), 'utf8');
  } catch {
    return null;
  }
}

/** Changes with what is to be installed and with the kind of machine it is for. */
function markOf({ requirements }: PythonRecipe): string {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  return `${hash} ${process.platform} ${process.arch}`;
}
