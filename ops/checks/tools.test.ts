import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { acceptWire, PROTOBUF_CHECKS } from './protobuf.ts';

// Failure here looks like: a tool that reads nothing, finds nothing and is believed. Each test
// seeds what the tool must find, in a copy of the project's configuration.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OK = { ok: true };
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'corro-tools-'));
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const path of ['proto', 'buf.yaml', 'buf.gen.yaml', '.oxlintrc.json', 'tsconfig.json']) {
    await cp(join(ROOT, path), join(root, path), { recursive: true });
  }
  await rm(join(root, 'proto/baseline.binpb'));
  const accepted = await acceptWire(root);
  if (!accepted.ok) throw new Error(accepted.text);
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

function outcomeOf(name: string): Promise<unknown> {
  const check = PROTOBUF_CHECKS.find((one) => one.name === name);
  if (check === undefined) throw new Error(`no check is named ${name}`);
  return check.run(root);
}

/** Changes one text in one file while `act` runs. */
async function changed(
  path: string,
  change: (text: string) => string,
  act: () => Promise<void>,
): Promise<void> {
  const before = await readFile(join(root, path), 'utf8');
  expect(change(before)).not.toBe(before);
  await writeFile(join(root, path), change(before));
  try {
    await act();
  } finally {
    await writeFile(join(root, path), before);
  }
}

const SPEECH = 'proto/corro/v1/speech.proto';

describe('protobuf - seeded faults are caught', () => {
  test('a field that changes its type breaks the wire, and cannot be accepted', async () => {
    const change = (text: string): string =>
      text.replace('optional uint32 round = 4;', 'optional string round = 4;');
    await changed(SPEECH, change, async () => {
      const broken = { ok: false, text: expect.stringContaining('"round"') as string };
      expect(await outcomeOf('protobuf wire')).toEqual(broken);
      expect(await acceptWire(root)).toEqual(broken);
    });
    expect(await outcomeOf('protobuf wire')).toEqual(OK);
  });

  test('a removed field breaks the wire', async () => {
    const change = (text: string): string => text.replace('optional uint32 round = 4;', '');
    await changed(SPEECH, change, async () => {
      const broken = { ok: false, text: expect.stringContaining('"round"') as string };
      expect(await outcomeOf('protobuf wire')).toEqual(broken);
    });
  });

  test('a new field breaks nothing, and waits to be accepted', async () => {
    const change = (text: string): string =>
      text.replace('message Silence {}', 'message Silence {\n  optional string why = 1;\n}');
    await changed(SPEECH, change, async () => {
      const waits = { ok: false, text: expect.stringContaining('--accept-wire') as string };
      expect(await outcomeOf('protobuf wire')).toEqual(waits);
    });
  });

  test('generated code that is not generated any more is named', async () => {
    const path = 'proto/gen/corro/v1/speech_pb.ts';
    await changed(
      path,
      (text) => `${text}\nexport const x = 1;\n`,
      async () => {
        const stale = {
          ok: false,
          text: expect.stringContaining('corro/v1/speech_pb.ts') as string,
        };
        expect(await outcomeOf('protobuf code')).toEqual(stale);
      },
    );
    expect(await outcomeOf('protobuf code')).toEqual(OK);
  });
});

describe('lint - seeded faults are caught', () => {
  test.each([
    ['no-floating-promises', 'export function f(): void {\n  Promise.resolve(1);\n}\n'],
    ['no-explicit-any', 'export const x: any = 1;\n'],
    ['no-unsafe-return', 'export function f(): string {\n  return JSON.parse("1");\n}\n'],
    [
      'switch-exhaustiveness-check',
      "export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n      f(x);\n  }\n}",
    ],
    ['no-self-import', "export { f } from './seed.ts';\n"],
  ])('%s', async (rule, text) => {
    await mkdir(join(root, 'core'), { recursive: true });
    await writeFile(join(root, 'core', 'seed.ts'), text);
    const command = ['oxlint', '--type-aware', '--deny-warnings', '--format=unix', 'core'];
    const found = { ok: false, text: expect.stringContaining(rule) as string };
    expect(await runCommand(root, command)).toEqual(found);
  });
});

describe('command line', () => {
  const check = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(ROOT, ['node', join(ROOT, 'ops/checks/main.ts'), ...args]);

  test('an unknown check, or option, is wrong usage', async () => {
    const usage = { ok: false, text: expect.stringMatching(/exit code 2$/) as string };
    expect(await check('nonsense')).toEqual(usage);
    expect(await check('--nonsense')).toEqual(usage);
  });

  test('a named check runs alone and says so in one line', async () => {
    expect(await check('protobuf lint')).toEqual(OK);
  });
});
