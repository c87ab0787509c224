import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorroError } from '../../proto/errors.ts';
import { REPOSITORY } from '../stack/home.ts';
import {
  findPython,
  furnish,
  PYTHON_ENVIRONMENTS,
  type PythonRecipe,
  recipeOf,
} from './environment.ts';

// Failure here looks like: two test files that install over each other, an environment that keeps
// packages of an older requirements file, or a machine without Python that fails without saying so.

const TIMEOUT_MS = 300_000;

describe('python environment', () => {
  let folder: string;
  let recipe: PythonRecipe;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'corro-python-'));
    recipe = { folder: join(folder, '.venv-x'), requirements: join(folder, 'requirements.txt') };
    writeFileSync(recipe.requirements, '# nothing\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function pretend(body: string): string {
    const path = join(folder, 'python3');
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  async function refused(python: string): Promise<string> {
    const error = await furnish(recipe, { python }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CorroError);
    expect((error as CorroError).code).toBe('python_missing');
    expect(existsSync(`${recipe.folder}.lock`)).toBe(false);
    return (error as CorroError).message;
  }

  test('no Python - says which is needed', async () => {
    expect(await refused(join(folder, 'absent'))).toContain('(3.11 or newer) is not on PATH');
  });

  test('old Python - says what it must be and was', async () => {
    expect(await refused(pretend('echo 3.9'))).toContain('must be 3.11 or newer, was 3.9');
  });

  test('Python without venv - names the package that brings it', async () => {
    const python = pretend('case "$2" in *version*) echo 3.13;; *) exit 1;; esac');
    expect(await refused(python)).toContain('apt-get install python3-venv');
  });

  test(
    'what pip says is told, and nothing counts as installed',
    async () => {
      writeFileSync(recipe.requirements, 'numpy==2.4.6\n');
      expect(await refused('python3')).toContain('--require-hashes');
      expect(findPython(recipe).state).toBe('stale');
    },
    2 * TIMEOUT_MS,
  );

  test(
    'two processes at once - one installs, both get it; made anew when its list changed',
    async () => {
      const said = await Promise.all([fromAnotherProcess(recipe), fromAnotherProcess(recipe)]);
      expect(said.map(({ python }) => python)).toEqual(
        Array(2).fill(join(recipe.folder, 'bin/python')),
      );
      expect(said.reduce((sum, { installed }) => sum + installed, 0)).toBe(1);
      expect(findPython(recipe).state).toBe('ready');
      const stray = join(recipe.folder, 'stray');
      writeFileSync(stray, '');
      await furnish(recipe);
      expect(existsSync(stray)).toBe(true);
      writeFileSync(recipe.requirements, '# nothing, said otherwise\n');
      expect(findPython(recipe).state).toBe('stale');
      await furnish(recipe);
      expect(existsSync(stray)).toBe(false);
    },
    3 * TIMEOUT_MS,
  );

  test.each(PYTHON_ENVIRONMENTS)(
    '%s - every package is pinned and hashed, no host named',
    (name) => {
      const lines = readFileSync(recipeOf(name).requirements, 'utf8').split('\n');
      const packages = lines.filter((line) => /^[a-z0-9]/.test(line));
      const wanted = readFileSync(join(REPOSITORY, name, 'requirements.in'), 'utf8')
        .split('\n')
        .filter((line) => /^[a-z0-9]/.test(line));
      expect(wanted.length).toBeGreaterThan(1);
      for (const one of wanted) {
        expect(lines.some((line) => line.startsWith(one.replace(/\[.*\]/, '')))).toBe(true);
      }
      for (const line of packages) expect(line).toMatch(/^[a-z0-9-]+==\S+( ; .+)? \\$/);
      expect(lines.filter((line) => line.includes('--hash=sha256:')).length).toBeGreaterThan(
        packages.length,
      );
      expect(lines.join('\n')).not.toMatch(/:\/\/|--index|--find-links/);
    },
  );
});

/** `installed`: how often that process began an installation. */
function fromAnotherProcess(
  recipe: PythonRecipe,
): Promise<{ readonly python: string; readonly installed: number }> {
  const program = `
    import { furnish } from ${JSON.stringify(join(REPOSITORY, 'ops/python/environment.ts'))};
    let installed = 0;
    const onInstall = () => { installed += 1; };
    const { python } = await furnish(${JSON.stringify(recipe)}, { onInstall });
    console.log(JSON.stringify({ python, installed }));
  `;
  return new Promise((resolve, reject) => {
    const flags = ['--input-type=module', '--eval', program];
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (bytes) => {
      said += String(bytes);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(said) as { python: string; installed: number });
      else reject(new Error(`exit code ${code}`));
    });
  });
}
