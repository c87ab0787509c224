import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one plain line, `N passed, N failed, N skipped`, which any program can read. A
 * file that could not be loaded counts as one failure. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state === 'pending' ? 'skipped' : state] += 1;
      }
      const broken = module.errors().length > 0 || [...module.children.allSuites()].some(hasErrors);
      if (broken) count.failed += 1;
    }
    const line = `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`;
    // After the default reporter's own summary, which is written in the same moment.
    setImmediate(() => process.stdout.write(line));
  }
}

function hasErrors(suite: { errors(): readonly unknown[] }): boolean {
  return suite.errors().length > 0;
}
