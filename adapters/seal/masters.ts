import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { KEY_BYTES, type MasterKey, SealError } from './envelope.ts';

const NAME = /^master-([0-9a-f]{16})$/;

/** The master keys of a home folder, one file each, outside the database. Which one seals new
 * secrets is in the file `master`. */
export class Masters {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The key that seals from now on; made when there is none. */
  current(): MasterKey {
    const id = this.#currentId();
    return id === null ? this.renew() : this.byId(id);
  }

  /** Throws SealError that names the file when the key is not here. */
  byId(id: string): MasterKey {
    const bytes = this.#read(id);
    if (bytes !== null) return { id, bytes };
    const path = join(this.#folder, `master-${id}`);
    throw new SealError(`master key ${id} must be in ${path}, is not there`);
  }

  has(id: string): boolean {
    return this.#read(id) !== null;
  }

  /** Makes a new key and seals with it from now on; the others stay to open what they sealed. */
  renew(): MasterKey {
    const id = randomBytes(8).toString('hex');
    const bytes = randomBytes(KEY_BYTES);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#write(`master-${id}`, bytes.toString('hex'));
    this.#write('master', id);
    return { id, bytes };
  }

  /** Every key that is here, by id. */
  list(): readonly string[] {
    return filesIn(this.#folder).flatMap((name) => NAME.exec(name)?.[1] ?? []);
  }

  /** Removes a key for ever: what only it can open is lost. */
  remove(id: string): void {
    if (id === this.#currentId()) throw new RangeError(`master key ${id} is in use`);
    rmSync(join(this.#folder, `master-${id}`), { force: true });
  }

  #currentId(): string | null {
    try {
      return readFileSync(join(this.#folder, 'master'), 'utf8').trim();
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  #read(id: string): Buffer | null {
    const name = `master-${id}`;
    if (!NAME.test(name)) return null;
    try {
      const bytes = Buffer.from(readFileSync(join(this.#folder, name), 'utf8').trim(), 'hex');
      if (bytes.length === KEY_BYTES) return bytes;
      throw new SealError(`${name} must hold ${KEY_BYTES} bytes in hex, holds something else`);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  /** On the disk before anything is sealed with it, and never half of it. */
  #write(name: string, text: string): void {
    const path = join(this.#folder, name);
    const temporary = `${path}.${process.pid}`;
    const file = openSync(temporary, 'w', 0o600);
    try {
      writeSync(file, `${text}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
