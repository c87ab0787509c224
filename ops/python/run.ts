import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from '../stack/home.ts';
import type { PythonEnvironment } from './environment.ts';

export interface Ended {
  /** `null`: ended by a signal, or the program was not found. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What of a program's words is kept: the last of them. */
const KEPT_CHARACTERS = 4_000_000;

/** Runs a program to its end; its exit code is an answer, not an error. A program that is not there
 * ends with `null` and says so. */
export function run(
  program: string,
  flags: readonly string[],
  options: RunOptions,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, flags, {
      cwd: options.cwd ?? REPOSITORY,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-KEPT_CHARACTERS);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_CHARACTERS);
    });
    child.on('error', (error) => {
      stderr += error.message;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs Python of an environment with our packages (`training/`) to be imported. One thread: sums
 * are taken in one order, so that the same inputs give the same bytes; and a busy machine makes
 * scikit-learn's threads wait for one another without end. */
export function runPython(
  { python }: PythonEnvironment,
  flags: readonly string[],
  options: RunOptions,
): Promise<Ended> {
  return run(python, flags, {
    ...options,
    environment: {
      PYTHONPATH: join(REPOSITORY, 'training'),
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONHASHSEED: '0',
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
      ...options.environment,
    },
  });
}
