import type { Command } from 'commander';
import { withStack } from '../connections.ts';
import { readFeeds } from '../feed-reader.ts';
import { readableHomeOf } from '../home.ts';
import { interruptible } from '../interrupt.ts';
import { Screen, standardTerminal } from '../screen.ts';

export function addWatch(program: Command): void {
  program
    .command('watch')
    .description('see a running ring live, until Ctrl-C')
    .option('--json', 'one JSON document a line, as the feeds have it')
    .action(async ({ json }: { readonly json?: boolean }, command: Command) => {
      const stop = interruptible();
      const screen = new Screen(standardTerminal());
      await withStack(readableHomeOf(command), async (connections) => {
        const bus = await connections.bus();
        readFeeds(bus, connections.wire, (message) => {
          if (json === true) process.stdout.write(`${JSON.stringify(message)}\n`);
          else screen.show(message);
        });
        await new Promise<void>((resolve) => {
          stop.signal.addEventListener('abort', () => resolve(), { once: true });
        });
      });
      stop.done();
    });
}
