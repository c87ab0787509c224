import { checkArrows } from './arrows.ts';
import { type Check, failed, outcomeOf, type Violation } from './check.ts';
import { commandCheck } from './command.ts';
import { PROTOBUF_CHECKS } from './protobuf.ts';
import { readSources, type Source } from './sources.ts';
import { checkTidy } from './tidy.ts';

/** Every check, cheap ones first: the first line that fails tells most. */
export const CHECKS: readonly Check[] = [
  sourceCheck('arrows', 'folders import only what DESIGN §3 allows', checkArrows),
  sourceCheck('tidy', 'files, functions and names keep to STYLE.md', checkTidy),
  commandCheck('format', 'biome would change nothing', [
    'biome',
    'check',
    '--max-diagnostics=100',
    '--error-on-warnings',
    '.',
  ]),
  commandCheck('types', 'TypeScript has nothing to say', ['tsc', '--noEmit']),
  commandCheck('page-types', 'nor to the scripts that run in browsers', [
    'tsc',
    '--noEmit',
    '--project',
    'ops/research/report/page',
  ]),
  commandCheck('lint', 'oxlint, with types: no floating promise, no any', [
    'oxlint',
    '--type-aware',
    '--deny-warnings',
    '--format=unix',
  ]),
  commandCheck('unused', 'no file, export or dependency that nobody takes', [
    'knip',
    '--no-progress',
  ]),
  ...PROTOBUF_CHECKS,
  commandCheck('migrations', 'up, down, up again on a real Postgres; generated types equal it', [
    'vitest',
    'run',
    'tests/migrations.test.ts',
    'tests/store-schema.test.ts',
  ]),
];

function sourceCheck(
  name: string,
  about: string,
  judge: (sources: readonly Source[]) => readonly Violation[],
): Check {
  return {
    name,
    about,
    run: async (root) => {
      const sources = await readSources(root);
      if (sources.length === 0) return failed(`no source file under ${root}: nothing was checked`);
      return outcomeOf(judge(sources));
    },
  };
}
