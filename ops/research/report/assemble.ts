import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';

/** The parts of the page, from the files beside: a template, a style sheet and a browser script in
 * TypeScript. */
const PAGE = new URL('page/', import.meta.url);
const IMPORT = /^import\b[^;]*?from '([^']+)';$/gm;
/** Where something is put into the template: `<!--style-->`. */
const PLACE = /<!--(\w+)-->/;
const EXPORT = /^export (?=const |function |class |async |interface |type )/gm;

/** A report's file, piece by piece: it may be many megabytes. `data` are scripts that are not run,
 * by id, of a text that cannot end them (base64, or JSON with `<` escaped). */
export function* assemble(data: Iterable<PageScript>): Generator<string> {
  const style = readPage('report.css');
  const script = bundle('./main.ts');
  const places: Readonly<Record<string, Iterable<string>>> = {
    policy: [policyElement(style, script)],
    style: [`<style>${style}</style>`],
    data: elementsOf(data),
    script: [`<script type="module">${script}</script>`],
  };
  for (const [at, part] of readPage('report.html').split(PLACE).entries()) {
    const place = places[part];
    if (at % 2 === 0) yield part;
    else if (place === undefined) throw new Error(`nothing to put at "${part}" of the page`);
    else yield* place;
  }
}

export interface PageScript {
  readonly id: string;
  readonly type: 'application/json' | 'text/plain';
  readonly text: string;
}

function* elementsOf(data: Iterable<PageScript>): Generator<string> {
  for (const { id, type, text } of data) {
    yield `<script type="${type}" id="${id}">${text}</script>\n`;
  }
}

/** Only these two parts may run, and nothing may be fetched from anywhere. */
function policyElement(style: string, script: string): string {
  const policy = [
    "default-src 'none'",
    `script-src '${sourceHash(script)}'`,
    `style-src '${sourceHash(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
}

/** All modules that `entry` needs as one, each after those it imports. A name stands once in the
 * whole page, which a test holds: that is what makes so small a bundler enough. */
function bundle(entry: string): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const add = (path: string): void => {
    if (done.has(path)) return;
    done.add(path);
    if (!path.startsWith('./')) throw new Error(`the page must not import ${path}`);
    const script = stripped(readPage(path));
    for (const [, from] of script.matchAll(IMPORT)) if (from !== undefined) add(from);
    parts.push(script.replace(IMPORT, '').replace(EXPORT, ''));
  };
  add(entry);
  return parts
    .join('\n')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n');
}

/** Node announces once in a process that stripping types by call is experimental, though it runs
 * every file of ours that way: no news for whoever asked for a report. */
function stripped(source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return nodeModule.stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function readPage(name: string): string {
  return readFileSync(new URL(name, PAGE), 'utf8');
}

function sourceHash(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}
