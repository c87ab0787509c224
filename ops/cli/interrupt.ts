/** A signal that Ctrl-C and SIGTERM abort. The second Ctrl-C ends the process at once. */
export function interruptible(): {
  readonly signal: AbortSignal;
  readonly interrupt: () => void;
  readonly done: () => void;
} {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write('\ncorro: stopping in order; Ctrl-C again ends it at once\n');
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    interrupt,
    done: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
}
