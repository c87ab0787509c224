/** Failure here means: a worker runs workflows other than those of its sources, or one that was
 * killed is away for as long as their bundle takes to make. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { workflowCode } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'corro-bundle-'));
const workflows = fileURLToPath(new URL('../workflows/market-scan.ts', import.meta.url));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function onlyFile(): string {
  const names = readdirSync(folder);
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? '');
}

test('bundle - made once, taken from its folder, made anew when torn', async () => {
  const made = await workflowCode(workflows, folder);
  const file = onlyFile();
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('marketScanWorkflow');
  expect(await workflowCode(workflows, folder)).toEqual(made);
  expect(readFileSync(file, 'utf8')).toBe(text);
  const altered = text.replace('marketScanWorkflow', 'marketScamWorkflow');
  for (const torn of ['', text.slice(0, text.length / 2), altered]) {
    writeFileSync(file, torn);
    expect(await workflowCode(workflows, folder)).toHaveProperty('code');
    expect(readFileSync(onlyFile(), 'utf8')).toContain('marketScanWorkflow');
    expect(readFileSync(onlyFile(), 'utf8')).not.toContain('marketScamWorkflow');
  }
}, 300_000);
