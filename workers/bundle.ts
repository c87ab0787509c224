import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Runtime, type WorkflowBundle } from '@temporalio/worker';
import { hashOf } from '../core/hash.ts';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
/** All that workflows may import. */
const SOURCES = ['workflows', 'core', 'proto', 'activities'];

/** The workflows as one piece of code. Making it costs a busy machine many seconds, and a worker
 * that was killed is to be back within ten: given a folder, a piece made from the very same sources
 * is taken from there. */
export async function workflowCode(
  workflowsPath: string,
  folder: string | undefined,
): Promise<WorkflowBundle> {
  const make = () => bundleWorkflowCode({ workflowsPath, logger: Runtime.instance().logger });
  if (folder === undefined) return make();
  const file = join(folder, `${basename(workflowsPath, '.ts')}-${keyOf()}.json`);
  const kept = read(file);
  if (kept !== null) return { code: kept };
  const { code } = await make();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ hash: hashOf(code), code }), { mode: 0o600 });
  renameSync(own, file);
  return { code };
}

/** The sources, and the versions of everything that is not ours. */
function keyOf(): string {
  const paths = SOURCES.flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .map((path) => join(folder, path)),
  );
  const texts = ['package-lock.json', ...paths.sort()].map((path) => [
    path,
    readFileSync(join(REPOSITORY, path), 'utf8'),
  ]);
  return hashOf(texts).slice(0, 32);
}

/** Null: there is none, or a power cut has left half of it. */
function read(file: string): string | null {
  try {
    const { hash, code } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return typeof code === 'string' && hash === hashOf(code) ? code : null;
  } catch {
    return null;
  }
}
