import { describe, expect, test } from 'vitest';
import type { CorroError } from '../../proto/errors.ts';
import { checkServerVersion } from './version.ts';

describe('bus version', () => {
  test.each(['2.11.15', '2.11.99', '2.12.6', '2.12.7-RC.1', '2.13.0', '2.15.1', '3.0.0'])(
    'version - %s is served',
    (version) => {
      expect(() => checkServerVersion(version)).not.toThrow();
    },
  );

  test.each(['2.9.10', '2.10.99', '2.11.14', '2.12.0', '2.12.5', '1.9.9', '', 'nonsense'])(
    'version - %j is refused with the code an operator can look up',
    (version) => {
      const attempt = (): void => checkServerVersion(version);
      expect(attempt).toThrow(/must be 2\.11\.15, 2\.12\.6 or newer, was/);
      expect(attempt).toThrow(expect.objectContaining({ code: 'server_too_old' }) as CorroError);
    },
  );
});
