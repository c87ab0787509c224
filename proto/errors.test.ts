import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  CorroError,
  ERRORS,
  type ErrorCode,
  EXIT_CODES,
  EXIT_TEXTS,
  type ExitName,
  exitCodeOf,
  WireError,
} from './errors.ts';

// Failure here looks like: a script that waits for exit code 4 and a document that says 5.

const DOCUMENT = new URL('../docs/exit-codes.md', import.meta.url);

describe('errors - catalogue', () => {
  test('docs/exit-codes.md has the exit codes and the error codes, and no other', async () => {
    const lines = (await readFile(DOCUMENT, 'utf8')).split('\n');
    const rows = lines.filter((line) => /^\| (\d|`)/.test(line));
    const exits = (Object.keys(EXIT_CODES) as ExitName[]).map(
      (name) => `| ${EXIT_CODES[name]} | \`${name}\` | ${EXIT_TEXTS[name]} |`,
    );
    const errors = (Object.keys(ERRORS) as ErrorCode[]).map(
      (code) => `| \`${code}\` | ${ERRORS[code].text} | ${exitCodeOf(code)} |`,
    );
    expect(rows).toEqual([...exits, ...errors]);
  });

  test('exit codes differ from one another', () => {
    const codes = Object.values(EXIT_CODES);
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('an error says its text and its detail, and knows its exit code', () => {
    const error = new CorroError('unknown_debate', '"x"; the newest is "5m-1"');
    expect(error.message).toBe('no such debate: "x"; the newest is "5m-1"');
    expect(error.exitCode).toBe(6);
    expect(new CorroError('interrupted').exitCode).toBe(130);
  });

  test('a wire error names the field and what it must be', () => {
    const error = new WireError('wire_value', 'heard[2].round', 'an integer from 1 to 99');
    expect(error).toBeInstanceOf(CorroError);
    expect(error.field).toBe('heard[2].round');
    expect(error.message).toBe(
      'the message has a value that is not allowed: heard[2].round must be an integer from 1 to 99',
    );
  });
});
