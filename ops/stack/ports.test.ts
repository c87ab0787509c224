/** Failure here means: two stacks that start at the same moment take one port, and one of them dies
 * with "address in use" although this machine has thousands free; or a server that was killed finds
 * its port taken by somebody's outgoing connection. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, isFree } from './ports.ts';

const STARTERS = 6;
/** The first port that Linux gives to outgoing connections; macOS and Windows begin higher. */
const OUTGOING_FROM = 32_768;

test('ports - six stacks that choose at the same moment never choose the same one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'corro-ports-test-'));
  const modules = import.meta.dirname;
  // Each holds its choice until all have chosen, as a stack whose servers are not up yet.
  const choose = (name: string): string => `
    import { homeAt } from ${JSON.stringify(join(modules, 'home.ts'))};
    import { choosePorts } from ${JSON.stringify(join(modules, 'ports.ts'))};
    const { ports } = await choosePorts(homeAt(${JSON.stringify(join(folder, name))}));
    console.log(JSON.stringify(Object.values(ports)));
    process.stdin.resume();`;
  const starters = Array.from({ length: STARTERS }, (_, at) => {
    mkdirSync(join(folder, `home-${at}`));
    const args = ['--input-type=module', '-e', choose(`home-${at}`)];
    return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  });
  try {
    const chosen = await Promise.all(
      starters.map(async ({ stdout }) => {
        const [told] = (await once(stdout.setEncoding('utf8'), 'data')) as [string];
        return JSON.parse(told) as number[];
      }),
    );
    const all = chosen.flat();
    expect(all).toHaveLength(STARTERS * 7);
    expect(new Set(all).size).toBe(all.length);
  } finally {
    for (const { stdin } of starters) stdin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

test('ports - what is chosen is free, and not what an outgoing connection may get', async () => {
  const chosen = new Set<number>();
  for (let times = 0; times < 50; times += 1) {
    const port = await freePort(chosen);
    expect(await isFree(port)).toBe(true);
    chosen.add(port);
  }
  expect(chosen.size).toBe(50);
  expect(Math.max(...chosen)).toBeLessThan(OUTGOING_FROM);
  expect(Math.min(...chosen)).toBeGreaterThan(1_023);
});
