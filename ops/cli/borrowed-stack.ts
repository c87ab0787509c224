import { readStack, type StackState, startStack } from '../stack/control.ts';
import type { Screen } from './screen.ts';

/** A running stack for the length of one command. */
export interface BorrowedStack {
  readonly state: StackState;
  /** Stops it, if this command had to start it. */
  giveBack(): Promise<void>;
}

/** The stack of a home folder: the one that runs there, or one started for this command alone. */
export async function borrowStack(home: string, screen: Screen): Promise<BorrowedStack> {
  const running = readStack(home);
  if (running?.status === 'running') {
    return { state: running, giveBack: async () => undefined };
  }
  const handle = await startStack({ home, detached: false, onProgress: startProgress(screen) });
  let stopped: Promise<void> | null = null;
  return {
    state: handle.state,
    giveBack: () => {
      stopped ??= handle.stop().then(() => screen.line('  everything is stopped'));
      return stopped;
    },
  };
}

type Progress = NonNullable<Parameters<typeof startStack>[0]['onProgress']>;

/** Tells once when each service is there, and of each that is not. */
export function startProgress(screen: Screen): Progress {
  const startedAtMs = performance.now();
  const told = new Set<string>();
  return ({ instance, status, detail }) => {
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    if (status === 'healthy' && !told.has(instance)) {
      told.add(instance);
      screen.line(`  ${instance.padEnd(16)} ready after ${seconds} s`);
    } else if (status === 'restarting' || status === 'failed') {
      screen.line(`  ${instance.padEnd(16)} ${status}: ${detail ?? ''}`);
    } else {
      screen.status(`  ${instance.padEnd(16)} ${status} … ${seconds} s`);
    }
  };
}
