import { defineConfig } from 'vitest/config';
import { ClosingLine } from './tests/support/closing-line.ts';

const UNIT_FOLDERS = '{core,proto,workflows,activities,actors,adapters,workers,ops}';

/** Two kinds of tests. Unit tests sit beside their file and need no server, so they do not wait for
 * one; those in `tests/` share real servers (tests/support). Both run with `vitest run`. */
export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: [`${UNIT_FOLDERS}/**/*.test.ts`],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'server',
          include: ['tests/**/*.test.ts'],
          globalSetup: ['tests/support/global-setup.ts'],
          // Against hanging, not against slowness: four times what the slowest test of a quiet
          // machine needs.
          testTimeout: 240_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});
