import { dirname, join, normalize } from 'node:path/posix';
import { type ImportExpression, Visitor } from 'oxc-parser';
import { lineAt, type Source } from './sources.ts';

/** One arrow: a file takes something from a file or package. */
export interface Import {
  /** As written; `null` for `import(expression)`. */
  readonly specifier: string | null;
  /** Ours: the path from the root. `null`: a package or a builtin. */
  readonly path: string | null;
  /** `import type`, `export type … from`, `import('…').T`: gone when it runs. `import { type T }`
   * is not, it still loads the file. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export function importsOf(source: Source): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: string | null, typeOnly: boolean, start: number): void => {
    const ours = specifier?.startsWith('.') ? specifier : null;
    found.push({
      specifier,
      path: ours === null ? null : normalize(join(dirname(source.path), ours)),
      typeOnly,
      line: lineAt(source.text, start),
    });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind === 'type', node.start),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === 'type', node.start),
    ExportNamedDeclaration: (node) => {
      if (node.source) add(node.source.value, node.exportKind === 'type', node.start);
    },
    ImportExpression: (node) => add(literalOf(node), false, node.start),
    TSImportType: (node) => add(node.source.value, true, node.start),
  }).visit(source.program);
  return found;
}

function literalOf({ source }: ImportExpression): string | null {
  return source.type === 'Literal' && typeof source.value === 'string' ? source.value : null;
}

/** Builtins are written `node:fs`; oxlint refuses the bare form. */
export function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:');
}

/** `@temporalio/workflow/lib/x` → `@temporalio/workflow`. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
