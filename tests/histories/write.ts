import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { REPOSITORY } from '../../ops/stack/home.ts';

/** Writes what a workflow did for `tests/histories.test.ts` to replay, without a word of the
 * machine it ran on. */
export async function writeHistory(name: string, handle: WorkflowHandle): Promise<void> {
  const text = historyToJSON(await handle.fetchHistory());
  const history: unknown = JSON.parse(text, (key, value: unknown) => {
    if (key === 'stackTrace') return '';
    return key === 'identity' || (key === 'name' && isSticky(value)) ? 'recorded' : value;
  });
  const path = join(REPOSITORY, 'tests/histories', `${name}.json`);
  rmSync(path, { force: true });
  writeFileSync(path, `${JSON.stringify({ workflowId: handle.workflowId, history }, null, 2)}\n`);
  process.stdout.write(`${name}: ${handle.workflowId}\n`);
}

/** The queue of one worker process is named after its machine. */
function isSticky(value: unknown): boolean {
  return typeof value === 'string' && /^\d+@|-[0-9a-f]{32}$/.test(value);
}
