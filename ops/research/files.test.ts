/** Results on a disk that may be full. Failure would look like: half a report where a whole one
 * stood, or a temporary file left beside it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { CorroError } from '../../proto/errors.ts';
import { expectWritable, writeWhole } from './files.ts';

let folder = '';
const made: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'corro-files-'));
  made.push(folder);
});

afterAll(() => {
  for (const one of made) rmSync(one, { recursive: true, force: true });
});

function faultOf(path: string, chunks: Iterable<string> = ['x']): CorroError {
  try {
    writeWhole(path, chunks);
  } catch (error) {
    if (error instanceof CorroError) return error;
    throw error;
  }
  throw new Error('it was written');
}

describe('files of results', () => {
  test('are written whole, over what stood there', () => {
    const path = join(folder, 'out.json');
    writeWhole(path, ['first']);
    writeWhole(path, ['sec', 'ond']);
    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(readdirSync(folder)).toEqual(['out.json']);
  });

  test('when making them fails half way - the old one stands and nothing lies beside it', () => {
    const path = join(folder, 'out.json');
    writeWhole(path, ['first']);
    function* broken(): Generator<string> {
      yield 'half';
      throw new Error('no more');
    }
    expect(() => writeWhole(path, broken())).toThrow('no more');
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(readdirSync(folder)).toEqual(['out.json']);
  });

  test('where they cannot be - says so', () => {
    const path = join(folder, 'no', 'out.json');
    expect(faultOf(path).message).toBe(
      `failed: ${path} cannot be written: there is no such folder`,
    );
    mkdirSync(join(folder, 'taken'));
    expect(faultOf(join(folder, 'taken')).message).toContain('it is a folder');
  });

  test('where they cannot be - is known before they are made, and nothing is left there', () => {
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'plain'), '');
    for (const [path, why] of [
      [join(folder, 'no', 'out.json'), 'there is no such folder'],
      [join(folder, 'plain', 'out.json'), 'its folder is a file'],
      [join(folder, 'taken'), 'it is a folder'],
    ] as const) {
      expect(() => expectWritable(path)).toThrow(`${path} cannot be written: ${why}`);
    }
    for (const name of ['new.json', 'plain']) expectWritable(join(folder, name));
    expect(readdirSync(folder).sort()).toEqual(['plain', 'taken']);
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk (/dev/full) - disk_full, named', () => {
    const fault = faultOf('/dev/full');
    expect(fault.code).toBe('disk_full');
    expect(fault.message).toContain('/dev/full was not written');
  });
});
