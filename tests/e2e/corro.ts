import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { readStack, type StackState, stopStack } from '../../ops/stack/control.ts';
import { REPOSITORY } from '../../ops/stack/home.ts';
import { testHome } from '../support/home.ts';

/** How one `corro` command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `corro` command on its way. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has said on standard error so far. */
  readonly said: () => string;
}

/** One home folder and the real `corro` command line on it, as a person would use it. */
export class Corro {
  readonly home = testHome();
  readonly #running = new Set<ChildProcess>();

  start(...words: readonly string[]): Running {
    const child = spawn(
      process.execPath,
      [join(REPOSITORY, 'ops/cli/main.ts'), '--home', this.home, ...words],
      { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal, stdout, stderr });
      });
    });
    return { process: child, ended, said: () => stderr };
  }

  run(...words: readonly string[]): Promise<Ended> {
    return this.start(...words).ended;
  }

  /** Runs a command that must succeed; the error has what it said. */
  async ok(...words: readonly string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(...words);
    if (code === 0) return stdout;
    const how = signal ?? `exit ${code}`;
    throw new Error(`corro ${words.join(' ')} ended with ${how}:\n${stderr}\n${stdout}`);
  }

  /** Runs a command that must succeed and print one JSON document. */
  async json<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...words, '--json')) as T;
  }

  /** The state of the home's stack, as every other process may read it. */
  get state(): StackState {
    const state = readStack(this.home);
    if (state === null) throw new Error(`no stack was started in ${this.home}`);
    return state;
  }

  /** Process id of one process of the stack, by its name in `corro status`. */
  pidOf(instance: string): number {
    const pid = this.state.services.find((service) => service.instance === instance)?.pid;
    if (pid === undefined || pid === null) throw new Error(`${instance} does not run`);
    return pid;
  }

  /** Asks the stack's Postgres, as its superuser. */
  async sql<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.state.addresses.postgresUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Nothing of it runs or lies about afterwards, however the test went. */
  async close(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await stopStack(this.home).catch(() => undefined);
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Waits until something is so; throws, saying what, when it is not within the time. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  withinMs = 120_000,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > giveUpAt) throw new Error(`waited ${withinMs / 1000} s for ${what}`);
    await sleep(50);
  }
}
