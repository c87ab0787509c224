import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const READY_WITHIN_MS = 120_000;

/** One of Corro's own processes, started as the stack starts it. */
export interface CorroProcess {
  /** As a power cut would: no signal handler, no last word. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves once it has ended, by whatever; with the signal that ended it. */
  gone(): Promise<NodeJS.Signals | null>;
  alive(): boolean;
  /** Everything it has logged. */
  log(): string;
}

/** Starts `workers/<name>.ts` and waits until it says that it is ready. */
export async function startWorker(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<CorroProcess> {
  const child = spawn(process.execPath, [`workers/${name}.ts`], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], TZ: 'UTC', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  await readiness(child, name, () => log);
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!alive()) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  const gone = async (): Promise<NodeJS.Signals | null> => {
    if (alive()) await once(child, 'exit');
    return child.signalCode;
  };
  const [kill, stop] = [() => end('SIGKILL'), () => end('SIGTERM')];
  return { kill, stop, gone, alive, log: () => log };
}

async function readiness(child: ChildProcess, name: string, log: () => string): Promise<void> {
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  while (!log().includes('"msg":"ready"')) {
    if (child.exitCode !== null || Date.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`${name} must become ready, said:\n${log().slice(-2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
