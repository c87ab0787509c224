import { furnish, recipeOf } from '../python/environment.ts';
import { askFor } from './asked.ts';
import { StackError } from './failure.ts';
import { homeAt } from './home.ts';
import { pause } from './processes.ts';
import { readStack, type ServiceState, type StackState } from './state.ts';

export interface TrainerWish {
  /** Told in words what takes long: installing, and waiting for the start. */
  readonly onProgress?: (words: string) => void;
  readonly signal?: AbortSignal;
}

/** A slow machine, whose other core is busy, loads the worker in half a minute. */
const START_WITHIN_MS = 120_000;
const POLL_MS = 100;

/** Sees to it that the stack that runs in this home has a trainer: installs the training
 * environment when it is not there (once, minutes), asks the supervisor for the service, and
 * resolves when it is healthy. The home keeps the wish: its next stack starts the trainer too.
 * Throws `StackError` `not_running` and `start_failed` (with the trainer's last words),
 * `CorroError` `python_missing` when the environment cannot be installed, `AbortError` when told to
 * stop. */
export async function ensureTrainer(root: string, wish: TrainerWish = {}): Promise<ServiceState> {
  const { onProgress = () => undefined, signal } = wish;
  running(root);
  await furnish(recipeOf('training'), {
    onInstall: (folder) => onProgress(`installing Python packages into ${folder} (once; minutes)`),
  });
  const before = trainerOf(running(root));
  if (before?.status === 'healthy') return before;
  onProgress('starting the trainer');
  const askedAtMs = Date.now();
  askFor(homeAt(root), 'trainer');
  const giveUpAt = performance.now() + START_WITHIN_MS;
  for (;;) {
    signal?.throwIfAborted();
    const now = trainerOf(running(root));
    if (now?.status === 'healthy') return now;
    if (now?.status === 'failed' && now.sinceMs >= askedAtMs) {
      throw new StackError('start_failed', now.detail ?? 'the trainer did not start');
    }
    if (performance.now() > giveUpAt) {
      const how = now === undefined ? 'the stack is of an older version: restart it' : now.status;
      throw new StackError('start_failed', `the trainer is not there in time: ${how}`);
    }
    await pause(POLL_MS);
  }
}

function running(root: string): StackState {
  const state = readStack(root);
  if (state?.status === 'running' || state?.status === 'starting') return state;
  throw new StackError('not_running', `no stack runs in ${root}`);
}

function trainerOf({ services }: StackState): ServiceState | undefined {
  return services.find(({ service }) => service === 'trainer');
}
