import type { Command } from 'commander';
import { EXIT_CODES } from '../../../proto/errors.ts';
import { verifyDecisions } from '../../ring/verify.ts';
import { withStack } from '../connections.ts';
import { readableHomeOf } from '../home.ts';
import { printJson } from '../output.ts';
import { Screen, standardTerminal } from '../screen.ts';

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description(
      'recompute decisions from their ballots and compare; without ids: all, and the chain',
    )
    .argument('[ids...]', 'decision ids, or the beginnings of them')
    .option('--json', 'as JSON')
    .action((ids: string[], { json }: { readonly json?: boolean }, command: Command) =>
      withStack(readableHomeOf(command), async ({ db }) => {
        const screen = new Screen(standardTerminal(json ? process.stderr : process.stdout));
        const report = await verifyDecisions(db, {
          ids,
          onProgress: (done, total) => screen.status(`${done} of ${total} decisions`),
        });
        process.exitCode = report.equal ? EXIT_CODES.ok : EXIT_CODES.verification_failed;
        if (json === true) return printJson(report);
        for (const { id, debateId, fault } of report.faults) {
          screen.line(`${id.slice(0, 12)} of ${debateId}: ${fault}`);
        }
        const { checked, faults, chain } = report;
        screen.line(`${checked} decisions recomputed from their ballots, ${faults.length} differ`);
        if (chain?.intact === true) {
          screen.line(`the chain of ${chain.length} links is intact, head ${chain.hash}`);
        } else if (chain !== null) {
          screen.line(`the chain is broken at link ${chain.seq}: ${chain.fault}`);
        }
      }),
    );
}
