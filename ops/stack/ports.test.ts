/** Failure here means: two stacks that start at the same moment take one port, and one of them dies
 * with "address in use" although this machine has thousands free. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const STARTERS = 6;

test('ports - six stacks that choose at the same moment never choose the same one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'corro-ports-test-'));
  const modules = import.meta.dirname;
  // Each holds its choice until all have chosen, as a stack whose servers are not up yet.
  const choose = (name: string): string => `
    import { homeAt } from ${JSON.stringify(join(modules, 'home.ts'))};
    import { choosePorts } from ${JSON.stringify(join(modules, 'ports.ts'))};
    const { ports } = await choosePorts(homeAt(${JSON.stringify(join(folder, name))}));
    console.log(JSON.stringify(Object.values(ports)));
    setTimeout(() => undefined, 2_000);`;
  try {
    const chosen = await Promise.all(
      Array.from({ length: STARTERS }, async (_, at) => {
        mkdirSync(join(folder, `home-${at}`));
        const args = ['--input-type=module', '-e', choose(`home-${at}`)];
        const { stdout } = await promisify(execFile)(process.execPath, args);
        return JSON.parse(stdout) as number[];
      }),
    );
    const all = chosen.flat();
    expect(all).toHaveLength(STARTERS * 7);
    expect(new Set(all).size).toBe(all.length);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
