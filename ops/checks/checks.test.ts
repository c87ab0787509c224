import { describe, expect, test } from 'vitest';
import { checkArrows } from './arrows.ts';
import { outcomeOf } from './check.ts';
import { parseSource, readSources } from './sources.ts';
import { checkTidy } from './tidy.ts';

// Failure here looks like: a check that has stopped to bite, and says OK for ever.

function arrows(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
  return checkArrows(sources).map(({ file, line, text }) => `${file}:${line} ${text}`);
}

function tidy(path: string, text: string): string[] {
  return checkTidy([parseSource(path, text)]).map((violation) => violation.text);
}

describe('arrows - seeded violations are caught', () => {
  test.each([
    ['core/a.ts', "import { x } from '../proto/x.ts';", /^core\/a.ts:1 core must not import proto/],
    ['core/a.ts', "import type { X } from '../adapters/x.ts';", /core must not import adapters/],
    ['core/a/b.ts', "export { x } from '../../workers/x.ts';", /core must not import workers/],
    ['core/a.ts', "export * from '../proto/x.ts';", /core must not import proto/],
    ['core/a.ts', "let x: import('../proto/x.ts').X;", /core must not import proto/],
    ['core/a.ts', "await import('../proto/x.ts');", /core must not import proto/],
    ['core/a.ts', 'await import(name);', /must be a literal/],
    ['core/a.ts', "import { z } from 'zod';", /core must not import zod/],
    ['core/a.ts', "import { readFile } from 'node:fs/promises';", /core must not import node:fs/],
    ['core/a.ts', "import { createHash } from 'node:crypto';", /hashes: core\/hash.ts/],
    ['core/hash.ts', "import { readFileSync } from 'node:fs';", /core must not import node:fs/],
    ['proto/a.ts', "import { x } from '../adapters/x.ts';", /proto must not import adapters/],
    ['adapters/a.ts', "import { x } from '../activities/x.ts';", /must not import activities/],
    ['activities/a.ts', "import { x } from '../actors/x.ts';", /must not import actors/],
    [
      'activities/a.ts',
      "import { x } from '../workflows/messages.ts';",
      /must not import workflows/,
    ],
    [
      'activities/a.ts',
      "import type { X } from '../workflows/messages.ts';",
      /may take core, proto/,
    ],
    ['actors/a.ts', "import type { x } from '../workflows/docket.ts';", /messages.ts alone/],
    ['ops/a.ts', "import { x } from '../workflows/docket.ts';", /messages.ts alone/],
    ['ops/a.ts', "import { x } from '../tests/support/x.ts';", /ops must not import tests/],
    ['ops/a.ts', "import { x } from '../workers/x.ts';", /ops must not import workers/],
    ['ops/audit/a.ts', "import { x } from '../../core/hash.ts';", /shares no code with what/],
    ['ops/audit/a.ts', "import type { X } from '../../core/hash.ts';", /shares no code with what/],
    ['ops/audit/a.ts', "import { x } from '../stack/home.ts';", /shares no code with what/],
    ['ops/audit/a.ts', "import { Kysely } from 'kysely';", /ops\/audit\/ must not import kysely/],
    ['workflows/a.ts', "import { x } from '../activities/x.ts';", /by `import type` only/],
    ['workflows/a.ts', "import { type X } from '../activities/x.ts';", /by `import type` only/],
    ['workflows/a.ts', "import { x } from '../adapters/x.ts';", /must not import adapters/],
    [
      'workflows/a.ts',
      "import { Client } from '@temporalio/client';",
      /must not import @temporalio/,
    ],
    ['workflows/a.ts', "import { randomUUID } from 'node:crypto';", /belongs into an activity/],
    ['core/a.ts', 'export const url = process.env.URL;', /only workers and ops read process.env/],
    ['adapters/a.ts', "export const url = process.env['URL'];", /only workers and ops read/],
  ])('%s: %s', (path, text, expected) => {
    const found = arrows({ [path]: text });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test('a workflow that reaches a builtin through the core is caught, with the way it took', () => {
    const found = arrows({
      'workflows/a.ts': "import { b } from '../core/b.ts';",
      'core/b.ts': "import { c } from './hash.ts';",
      'core/hash.ts': "import { createHash } from 'node:crypto';",
    });
    expect(found).toEqual([
      expect.stringContaining('reach node:crypto through core/b.ts → core/hash.ts'),
    ]);
  });
});

describe('arrows - what is allowed stays quiet', () => {
  test.each([
    ['core/a.ts', "import { Decimal } from 'decimal.js'; import { b } from './b/b.ts';"],
    ['core/hash.ts', "import { createHash } from 'node:crypto';"],
    ['core/a.test.ts', "import fc from 'fast-check'; import { readFile } from 'node:fs';"],
    ['proto/a.ts', "import { x } from '../core/x.ts'; import { z } from 'zod';"],
    ['workflows/a.ts', "import type { X } from '../activities/x.ts';"],
    ['workflows/a.ts', "import { proxyActivities } from '@temporalio/workflow';"],
    ['actors/a.ts', "import { x } from '../workflows/messages.ts';"],
    ['workers/a.ts', "import { x } from '../workflows/docket.ts'; export const e = process.env;"],
    ['ops/audit/a.ts', "import pg from 'pg'; import { b } from './b.ts';"],
    ['ops/cli/a.ts', "import { audit } from '../audit/audit.ts';"],
    ['ops/a.test.ts', "import { openTestDatabase } from '../tests/support/servers.ts';"],
    ['core/a.ts', '// import { x } from "../proto/x.ts"\nexport const y = "process.env";'],
  ])('%s: %s', (path, text) => {
    expect(arrows({ [path]: text })).toEqual([]);
  });

  test('an `import type` leads no workflow to a builtin', () => {
    const found = arrows({
      'workflows/a.ts': "import type { H } from '../core/hash.ts';",
      'core/hash.ts': "import { createHash } from 'node:crypto';",
    });
    expect(found).toEqual([]);
  });
});

describe('tidy - seeded violations are caught', () => {
  const lines = (count: number): string => 'f();\n'.repeat(count);

  test('a function that does not fit a screen', () => {
    const text = (count: number): string => `function f() {\n${lines(count)}}\n`;
    expect(tidy('core/a.ts', text(68))).toEqual([]);
    expect(tidy('core/a.ts', text(69))).toEqual(['function must fit a screen of 70 lines, was 71']);
  });

  test('a file of 400 lines', () => {
    expect(tidy('core/a.ts', lines(399))).toEqual([]);
    expect(tidy('core/a.ts', lines(400))).toHaveLength(1);
  });

  test('a fourth parameter, of functions, methods and constructors alike', () => {
    const four = '(a: A, b: B, c: C, d: D)';
    expect(tidy('core/a.ts', `function f${four} {}`)).toHaveLength(1);
    expect(tidy('core/a.ts', `class X { constructor${four} {} }`)).toHaveLength(1);
    expect(tidy('core/a.ts', `const f = ${four} => a;`)).toHaveLength(1);
    expect(tidy('core/a.ts', 'list.reduce((a, b, c, d) => a);')).toEqual([]);
    expect(tidy('core/a.ts', 'function f(a: A, b: B, c: C) {}')).toEqual([]);
  });

  test('a line of 101 columns, unless it carries a link', () => {
    expect(tidy('core/a.ts', `// ${'x'.repeat(97)}`)).toEqual([]);
    expect(tidy('core/a.ts', `// ${'x'.repeat(98)}`)).toHaveLength(1);
    expect(tidy('core/a.ts', `// https://${'x'.repeat(98)}`)).toEqual([]);
  });

  test.each(['core/utils.ts', 'core/common/a.ts', 'ops/order-helpers.ts', 'core/services/a.ts'])(
    'a name that says nothing: %s',
    (path) => expect(tidy(path, 'f();')).toHaveLength(1),
  );

  test('the risk manager keeps his name', () => {
    expect(tidy('core/assistants/risk-manager.ts', 'f();')).toEqual([]);
  });

  test('wildcard barrels and default exports', () => {
    expect(tidy('core/a.ts', "export * from './b.ts';")).toHaveLength(1);
    expect(tidy('core/a.ts', 'export default 1;')).toHaveLength(1);
  });

  test('generated files and blocks of tests are not judged by length', () => {
    expect(tidy('proto/gen/a.ts', lines(500))).toEqual([]);
    const block = `describe('x', () => {\n${lines(100)}});`;
    expect(tidy('core/a.test.ts', block)).toEqual([]);
    expect(tidy('core/a.ts', block)).toHaveLength(1);
  });
});

describe('sources', () => {
  test('the real tree is read: every folder that has code has sources', async () => {
    const sources = await readSources(new URL('../..', import.meta.url).pathname);
    const folders = new Set(sources.map((source) => source.folder));
    for (const folder of ['core', 'proto', 'ops', 'workers'] as const) {
      expect(folders).toContain(folder);
    }
  });

  test('a file that does not parse is an error, not silence', () => {
    expect(() => parseSource('core/a.ts', 'const = ;')).toThrow(/core\/a.ts does not parse/);
  });

  test('violations are told in order', () => {
    const at = (file: string, line: number) => ({ file, line, text: 'x' });
    const outcome = outcomeOf([at('b', 1), at('a', 20), at('a', 3)]);
    expect(outcome).toEqual({ ok: false, text: 'a:3  x\na:20  x\nb:1  x' });
  });
});
