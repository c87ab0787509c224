import { type Node, type ParamPattern, Visitor } from 'oxc-parser';
import type { Violation } from './check.ts';
import { lineAt, type Source } from './sources.ts';

/** STYLE.md as figures. Generated files are not judged. Tests are, but for `describe` and `test`
 * blocks, which are lists of cases, not functions. There is no list of exceptions. */

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;
const MAX_POSITIONAL = 3;
const MAX_COLUMNS = 100;

const EMPTY_NAME = /^(utils?|common|helpers?|services?|managers?|misc|lib)$/;
const EMPTY_ENDING = /-(utils?|helpers?|services?)$/;
const LINK = /https?:\/\//;

export function checkTidy(sources: readonly Source[]): readonly Violation[] {
  return sources
    .filter((source) => !source.isGenerated)
    .flatMap((source) => [
      ...names(source),
      ...lines(source),
      ...functions(source),
      ...doors(source),
    ]);
}

function names({ path }: Source): Violation[] {
  const parts = path.split('/').map((part) => part.replace(/(\.test)?\.ts$/, ''));
  const empty = parts.find((part) => EMPTY_NAME.test(part) || EMPTY_ENDING.test(part));
  if (empty === undefined) return [];
  const text = `"${empty}" says nothing: name the file after what is in it (DESIGN §1)`;
  return [{ file: path, line: 1, text }];
}

function lines({ path, text }: Source): Violation[] {
  const all = text.replace(/\n$/, '').split('\n');
  const violations: Violation[] = [];
  if (all.length >= MAX_FILE_LINES) {
    const says = `file must be under ${MAX_FILE_LINES} lines, was ${all.length}: split it`;
    violations.push({ file: path, line: 1, text: says });
  }
  for (const [index, line] of all.entries()) {
    if (line.length <= MAX_COLUMNS || LINK.test(line)) continue;
    const says = `line must be at most ${MAX_COLUMNS} columns, was ${line.length}`;
    violations.push({ file: path, line: index + 1, text: says });
  }
  return violations;
}

interface FunctionNode {
  readonly start: number;
  readonly end: number;
  readonly params: readonly ParamPattern[];
}

function functions(source: Source): Violation[] {
  const arguments_ = new Set<number>();
  const blocks = new Set<number>();
  const violations: Violation[] = [];
  const judge = (node: FunctionNode): void => {
    const at = { file: source.path, line: lineAt(source.text, node.start) };
    const length = lineAt(source.text, node.end) - at.line + 1;
    if (length > MAX_FUNCTION_LINES && !blocks.has(node.start)) {
      const text = `function must fit a screen of ${MAX_FUNCTION_LINES} lines, was ${length}`;
      violations.push({ ...at, text });
    }
    // What is passed to a call has the form the callee asks for.
    if (node.params.length > MAX_POSITIONAL && !arguments_.has(node.start)) {
      const text = `at most ${MAX_POSITIONAL} parameters, then an options object`;
      violations.push({ ...at, text: `${text}; was ${node.params.length}` });
    }
  };
  new Visitor({
    CallExpression: (call) => {
      const isBlock = source.isTest && /^(describe|test|it)\b/.test(source.text.slice(call.start));
      for (const { start } of call.arguments) {
        arguments_.add(start);
        if (isBlock) blocks.add(start);
      }
    },
    FunctionDeclaration: judge,
    FunctionExpression: judge,
    ArrowFunctionExpression: judge,
  }).visit(source.program);
  return violations;
}

/** Named exports, no wildcard barrels. Configuration files of tools must export a default. */
function doors(source: Source): Violation[] {
  const violations: Violation[] = [];
  const add = (node: Node, text: string): void => {
    violations.push({ file: source.path, line: lineAt(source.text, node.start), text });
  };
  new Visitor({
    ExportAllDeclaration: (node) => add(node, 'no `export *`: name what goes through this door'),
    ExportDefaultDeclaration: (node) =>
      add(node, 'no default export: a name is the same everywhere'),
  }).visit(source.program);
  return violations;
}
