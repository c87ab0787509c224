import { existsSync } from 'node:fs';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Check, failed, OK, type Outcome } from './check.ts';
import { commandCheck, runCommand } from './command.ts';

/** What stands on the wire since the last landing: the messages' descriptors, without comments. */
const BASELINE = 'proto/baseline.binpb';
const GENERATED = 'proto/gen';
const ACCEPT = './corro check --accept-wire';

export const PROTOBUF_CHECKS: readonly Check[] = [
  commandCheck('protobuf lint', 'the .proto files follow the style guide', ['buf', 'lint']),
  {
    name: 'protobuf code',
    about: 'proto/gen is what the .proto files generate',
    run: (root) => inScratch((scratch) => checkGenerated(root, scratch)),
  },
  {
    name: 'protobuf wire',
    about: 'no change breaks a message of the last landing',
    run: (root) => inScratch((scratch) => checkWire(root, scratch)),
  },
];

/** Takes today's wire as the baseline, unless it breaks the one before. */
export async function acceptWire(root: string): Promise<Outcome> {
  const broken = await breaking(root);
  return broken.ok ? buildImage(root, join(root, BASELINE)) : broken;
}

async function checkGenerated(root: string, scratch: string): Promise<Outcome> {
  const template = join(scratch, 'buf.gen.yaml');
  const text = await readFile(join(root, 'buf.gen.yaml'), 'utf8');
  await writeFile(template, text.replace(`out: ${GENERATED}`, 'out: gen'));
  const done = await runCommand(root, ['buf', 'generate', '--template', template, '-o', scratch]);
  if (!done.ok) return done;
  const [fresh, kept] = await Promise.all([
    textsIn(join(scratch, 'gen')),
    textsIn(join(root, GENERATED)),
  ]);
  const paths = [...new Set([...fresh.keys(), ...kept.keys()])].sort();
  const stale = paths.filter((path) => fresh.get(path) !== kept.get(path));
  if (stale.length === 0) return OK;
  return failed(`${GENERATED} is not up to date, run \`buf generate\`:\n${stale.join('\n')}`);
}

async function checkWire(root: string, scratch: string): Promise<Outcome> {
  if (!existsSync(join(root, BASELINE))) return failed(`${BASELINE} is missing: ${ACCEPT}`);
  const broken = await breaking(root);
  if (!broken.ok) return broken;
  const image = join(scratch, 'today.binpb');
  const built = await buildImage(root, image);
  if (!built.ok) return built;
  const same = (await readFile(image)).equals(await readFile(join(root, BASELINE)));
  return same ? OK : failed(`the wire grew, and nothing is broken by it: accept it, ${ACCEPT}`);
}

async function breaking(root: string): Promise<Outcome> {
  if (!existsSync(join(root, BASELINE))) return OK;
  const outcome = await runCommand(root, ['buf', 'breaking', '--against', BASELINE]);
  if (outcome.ok) return OK;
  return failed(
    `${outcome.text}\nmessages already in streams could not be read: only add fields, ` +
      'or make a new package beside this one',
  );
}

function buildImage(root: string, output: string): Promise<Outcome> {
  return runCommand(root, ['buf', 'build', '--exclude-source-info', '-o', output]);
}

async function textsIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for await (const path of glob('**/*.ts', { cwd: folder })) {
    texts.set(path, await readFile(join(folder, path), 'utf8'));
  }
  return texts;
}

async function inScratch(act: (scratch: string) => Promise<Outcome>): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), 'corro-check-'));
  try {
    return await act(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
