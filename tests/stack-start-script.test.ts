import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REPOSITORY } from '../ops/stack/home.ts';

/** The start script on a machine that lacks something must say what, in one line, and end with the
 * exit code for it. Each test runs the real script in a folder of its own with a PATH of its
 * own. */

const SHELL_TOOLS = 'cat cksum dirname env head mkdir printf readlink rm sed sh sleep sort uname';

describe('start script', () => {
  let folder: string;
  let programs: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'corro-script-'));
    programs = join(folder, 'programs');
    mkdirSync(programs);
    mkdirSync(join(folder, 'ops/stack'), { recursive: true });
    for (const file of ['corro', 'package-lock.json', 'ops/stack/requirements.txt']) {
      cpSync(join(REPOSITORY, file), join(folder, file));
    }
    for (const tool of SHELL_TOOLS.split(' ')) symlinkSync(whereIs(tool), join(programs, tool));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function pretend(path: string, body: string): void {
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }

  function start(flags: readonly string[] = []): {
    code: number | null;
    said: string;
    out: string;
  } {
    const { status, stderr, stdout } = spawnSync(join(folder, 'corro'), flags, {
      cwd: tmpdir(),
      env: { PATH: programs },
      encoding: 'utf8',
      timeout: 20_000,
    });
    return { code: status, said: stderr, out: stdout };
  }

  /** npm that puts a Node there which only tells what it was given. */
  function pretendInstall(): void {
    pretend(join(programs, 'git'), 'exit 0');
    pretend(join(programs, 'node'), 'echo 20.1.0');
    const bin = join(folder, 'node_modules/.bin');
    const node = join(programs, 'installed-node');
    pretend(node, '[ "$1" = -e ] || echo "$@"');
    pretend(
      join(programs, 'npm'),
      [
        `mkdir -p ${bin}`,
        `cat ${node} >${bin}/node`,
        `${whereIs('chmod')} +x ${bin}/node`,
        'echo ran >&2',
      ].join(' && '),
    );
  }

  test('missing programs - are named together, exit code 7', () => {
    const { code, said } = start();
    expect(said).toContain('lacks: git npm node (20 or newer)');
    expect(code).toBe(7);
  });

  test('old Node - says what it must be and was', () => {
    pretend(join(programs, 'git'), 'exit 0');
    pretend(join(programs, 'npm'), 'exit 0');
    pretend(join(programs, 'node'), 'echo 18.19.1');
    const { code, said } = start();
    expect(said).toContain('node must be 20 or newer to install, was 18.19.1');
    expect(code).toBe(7);
  });

  test('no Python and an old server - names the other ways', () => {
    pretendInstall();
    pretend(join(programs, 'nats-server'), 'echo "nats-server: v2.9.10"');
    pretend(join(programs, 'temporal'), 'echo "temporal version 1.99.0 (Server 1.99.0)"');
    const { code, said } = start();
    expect(said).toContain('lacks python3');
    expect(said).toContain('nats-server >= 2.15.1');
    expect(said).toContain('docker compose up');
    expect(code).toBe(7);
  });

  test('new servers on PATH - are used, npm runs once, arguments arrive unchanged', () => {
    pretendInstall();
    pretend(join(programs, 'nats-server'), 'echo "nats-server: v2.99.0"');
    pretend(join(programs, 'temporal'), 'echo "temporal version 1.99.0 (Server 1.99.0)"');
    const first = start(['replay', 'a file.csv']);
    expect(first.out).toBe(`${join(folder, 'ops/cli/main.ts')} replay a file.csv\n`);
    expect(first.said).toContain('ran');
    const second = start(['--help']);
    expect(second.said).toBe('');
    expect(second.code).toBe(0);
    writeFileSync(join(folder, 'package-lock.json'), '{}');
    expect(start().said).toContain('ran');
  });
});

function whereIs(tool: string): string {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${tool}`], {
    encoding: 'utf8',
    env: { PATH: ['/usr/bin', '/bin', process.env['PATH']].join(delimiter) },
  });
  const path = stdout.trim();
  return path.startsWith('/') ? path : join('/usr/bin', tool);
}
