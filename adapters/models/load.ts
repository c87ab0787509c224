import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { InferenceSession } from 'onnxruntime-node';
import { MODEL_INPUT, MODEL_OUTPUTS, type ModelCard } from '../../core/models/contract.ts';
import { CorroError } from '../../proto/errors.ts';
import { readCard } from './card.ts';
import { Model } from './model.ts';
import { notOnnx, type OnnxFile, readOnnxFile } from './onnx-file.ts';

/** A hundred trees, a few boosted ones and 2,000 support vectors take about 3 MB. */
export const MOST_MODEL_BYTES = 64 * 1024 * 1024;

/** Operator sets a model may use: the runtime's own, without anybody's additions. */
const DOMAINS = ['', 'ai.onnx', 'ai.onnx.ml'];

export interface LoadOptions {
  /** What the file's sha256 must be, where it was recorded. */
  readonly hash?: string;
}

/** Reads a model file, checks all of it, and makes it ready to answer. What is loaded are the very
 * bytes that were hashed: a file changed meanwhile changes nothing. Throws `bad_model`, naming the
 * file, when it is absent, too large, cut short, no ONNX, of another feature list, of other inputs
 * or outputs, not the recorded one, or answers what no model may. */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<Model> {
  const bytes = await readBounded(path, refusalsOf(path));
  return loadModelBytes(bytes, { ...options, name: path });
}

export interface BytesOptions extends LoadOptions {
  /** What errors call the model: a path, or where its bytes are from. */
  readonly name: string;
  /** Awaited before the one step that holds the event loop, so that others may be answered
   * first. */
  readonly beforeBlocking?: () => Promise<void>;
}

/** The same for bytes at hand. Making the session holds the event loop, 5 to 10 ms for a hundred
 * trees and 46 ms the first time in a process; everything else yields. */
export async function loadModelBytes(bytes: Uint8Array, options: BytesOptions): Promise<Model> {
  const { name, beforeBlocking = turn } = options;
  const refuse = refusalsOf(name);
  if (bytes.length > MOST_MODEL_BYTES) return refuse(tooLarge(bytes.length));
  const looks = notOnnx(bytes);
  if (looks !== null) return refuse(looks);
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (options.hash !== undefined && options.hash !== hash) {
    return refuse(`must have sha256 ${options.hash}, was ${hash}: it was changed`);
  }
  const card = checkFile(bytes, refuse);
  await beforeBlocking();
  const session = await openSession(bytes, refuse);
  const shape = shapeFault(session);
  if (shape !== null) return refuse(shape);
  const model = new Model({ session, hash, card, path: name });
  try {
    await model.prove();
  } catch (error) {
    await model.release();
    throw error;
  }
  return model;
}

/** Lets everything that waits have its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Refuse = (why: string) => never;

function refusalsOf(name: string): Refuse {
  return (why) => {
    throw new CorroError('bad_model', `${name} ${why}`);
  };
}

function tooLarge(size: number): string {
  const megabytes = Math.ceil(size / 1024 / 1024);
  return `must be at most ${MOST_MODEL_BYTES / 1024 / 1024} MB, was ${megabytes} MB`;
}

async function readBounded(path: string, refuse: Refuse): Promise<Uint8Array> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refuse(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown'})`);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return refuse('is not a file');
    if (stat.size > MOST_MODEL_BYTES) return refuse(tooLarge(stat.size));
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function checkFile(bytes: Uint8Array, refuse: Refuse): ModelCard {
  let file: OnnxFile;
  try {
    file = readOnnxFile(bytes);
  } catch {
    return refuse('is no whole ONNX file: cut short, damaged, or something else');
  }
  const foreign = [...file.operatorSets.keys()].find((domain) => !DOMAINS.includes(domain));
  if (foreign !== undefined) return refuse(`uses operators of ${foreign}, which are not allowed`);
  const card = readCard(file.metadata);
  return typeof card === 'string' ? refuse(card) : card;
}

/** On one thread: a row is answered in microseconds, and many markets share a machine. */
async function openSession(bytes: Uint8Array, refuse: Refuse): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return refuse(`is not taken by the runtime: ${said.split('\n')[0]?.slice(0, 300) ?? ''}`);
  }
}

/** What the file declares against the contract; `null` when they agree. */
function shapeFault({ inputMetadata, outputMetadata }: InferenceSession): string | null {
  const wrongInput = portsFault('input', inputMetadata, [MODEL_INPUT]);
  return wrongInput ?? portsFault('output', outputMetadata, MODEL_OUTPUTS);
}

function portsFault(
  kind: 'input' | 'output',
  declared: readonly InferenceSession.ValueMetadata[],
  wanted: readonly { readonly name: string; readonly width: number }[],
): string | null {
  const names = declared.map(({ name }) => name);
  const missing = wanted.some(({ name }) => !names.includes(name));
  if (missing || names.length !== wanted.length) {
    const list = wanted.map(({ name }) => name).join(', ');
    return `must have the ${kind}s ${list}, had ${names.join(', ').slice(0, 300)}`;
  }
  for (const { name, width } of wanted) {
    const port = declared.find((one) => one.name === name);
    if (port === undefined || !port.isTensor || port.type !== 'float32') {
      return `must have 32-bit floats as ${kind} ${name}`;
    }
    const [rows, columns] = port.shape;
    const fits = port.shape.length === 2 && columns === width && typeof rows === 'string';
    if (fits) continue;
    return `must have ${kind} ${name} of rows × ${width}, was ${port.shape.join(' × ')}`;
  }
  return null;
}
