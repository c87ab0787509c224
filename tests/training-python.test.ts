import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensurePython, type PythonEnvironment } from '../ops/python/environment.ts';
import { type Ended, runPython } from '../ops/python/run.ts';
import { REPOSITORY } from '../ops/stack/home.ts';
import { BAD_MATRIX, TRAIN_ACTIVITY, TRAINER_SETTINGS } from '../proto/learning.ts';
import { PYTHON_TIMEOUT_MS } from './models-maker.ts';

// Failure here looks like: a model judged on what it was fitted on, bytes that depend on the
// machine, data that teaches nothing and is learned from, or two sides that call one thing by two
// names.

const MIRROR = `
import json
from corro_training import messages
from corro_training.settings import Settings
print(json.dumps({
    "fields": {one.__name__: list(one.__annotations__) for one in messages.MIRRORED},
    "activity": messages.ACTIVITY,
    "badMatrix": messages.BAD_MATRIX,
    "defaults": {"seed": Settings.seed, "trees": Settings.trees, "folds": Settings.folds,
                 "embargoCandles": Settings.embargo_candles},
}))`;

describe('training, in Python', () => {
  let python: PythonEnvironment;

  beforeAll(async () => {
    python = await ensurePython('training');
  }, PYTHON_TIMEOUT_MS);

  const run = (flags: readonly string[]): Promise<Ended> =>
    runPython(python, flags, { timeoutMs: PYTHON_TIMEOUT_MS, cwd: join(REPOSITORY, 'training') });

  test(
    'its own tests pass: folds, metrics, matrices, bytes, what hangs',
    async () => {
      const ended = await run([
        '-W',
        'ignore',
        '-m',
        'unittest',
        'discover',
        '-s',
        'tests',
        '-t',
        '.',
      ]);
      expect(ended.code, ended.stderr).toBe(0);
      const [, count = '0'] = /Ran (\d+) tests/.exec(ended.stderr) ?? [];
      expect(Number(count)).toBeGreaterThan(25);
    },
    PYTHON_TIMEOUT_MS,
  );

  test('messages - the same fields, names and presets as proto/learning.ts', async () => {
    const ended = await run(['-c', MIRROR]);
    expect(ended.code, ended.stderr).toBe(0);
    const { fields, activity, badMatrix, defaults } = JSON.parse(ended.stdout) as {
      readonly fields: Readonly<Record<string, readonly string[]>>;
      readonly activity: string;
      readonly badMatrix: string;
      readonly defaults: object;
    };
    const text = readFileSync(join(REPOSITORY, 'proto/learning.ts'), 'utf8');
    for (const [name, theirs] of Object.entries(fields)) {
      expect(theirs.toSorted(), name).toEqual(fieldsOf(text, name));
    }
    expect(Object.keys(fields)).toHaveLength(5);
    expect({ activity, badMatrix }).toEqual({ activity: TRAIN_ACTIVITY, badMatrix: BAD_MATRIX });
    expect(defaults).toEqual(TRAINER_SETTINGS);
  });
});

/** Names of an interface's fields, as its text has them. */
function fieldsOf(text: string, name: string): readonly string[] {
  const [, body = ''] =
    new RegExp(`^export interface ${name} \\{\n(.*?)^\\}`, 'ms').exec(text) ?? [];
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field ?? '').toSorted();
}
