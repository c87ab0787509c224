import { Visitor } from 'oxc-parser';
import type { Violation } from './check.ts';
import { type Import, importsOf, isBuiltin, packageOf } from './imports.ts';
import { type Folder, lineAt, type Source } from './sources.ts';

/** The import arrows of DESIGN §3. Every refusal says what to do instead. */

const ALL: readonly Folder[] = ['core', 'proto', 'workflows', 'activities', 'actors', 'adapters'];

const ARROWS: Readonly<Record<Folder, readonly Folder[]>> = {
  core: [],
  proto: ['core'],
  workflows: ['core', 'proto'],
  adapters: ['core', 'proto'],
  activities: ['core', 'proto', 'adapters'],
  actors: ['core', 'proto', 'adapters'],
  ops: ['core', 'proto', 'adapters'],
  workers: [...ALL, 'ops'],
  tests: [...ALL, 'ops', 'workers', 'bench'],
  bench: [...ALL, 'ops', 'workers', 'tests'],
};

const MESSAGES = 'workflows/messages.ts';
/** Who may start, signal and ask workflows, through their one door. */
const DOOR: readonly Folder[] = ['actors', 'ops'];

/** What these folders may take from npm. Others are free. */
const PACKAGES: Partial<Record<Folder, readonly string[]>> = {
  core: ['technicalindicators', 'decimal.js'],
  workflows: ['@temporalio/workflow', '@temporalio/common'],
};

/** The one file of the core that computes a hash. */
const HASH = 'core/hash.ts';

/** Who checks shares no code with what is checked. */
const CHECKER = 'ops/audit/';
const CHECKER_PACKAGES = ['pg', 'decimal.js'];

const ENVIRONMENT: readonly Folder[] = ['workers', 'ops', 'tests', 'bench'];

export function checkArrows(sources: readonly Source[]): readonly Violation[] {
  const ours = new Map(sources.map((source) => [source.path, importsOf(source)] as const));
  return sources.flatMap((source) => {
    const imports = ours.get(source.path) ?? [];
    return [
      ...imports.flatMap((one) => judge(source, one)),
      ...(source.folder === 'workflows' && !source.isTest ? sandbox(source, ours) : []),
      ...environment(source),
    ];
  });
}

function judge(source: Source, one: Import): Violation[] {
  const refusal = one.path === null ? judgePackage(source, one) : judgeFile(source, one.path, one);
  return refusal === null ? [] : [{ file: source.path, line: one.line, text: refusal }];
}

function judgeFile(source: Source, path: string, { typeOnly }: Import): string | null {
  const from = source.folder;
  const to = path.split('/')[0] as Folder;
  if (source.path.startsWith(CHECKER) && !path.startsWith(CHECKER)) {
    return `${CHECKER} must not import ${path}: a checker shares no code with what it checks`;
  }
  if (to === from) return null;
  if (source.isTest && (to === 'tests' || from === 'tests' || from === 'bench')) return null;
  if (ARROWS[from].includes(to)) return null;
  if (path === MESSAGES && DOOR.includes(from)) return null;
  if (from === 'workflows' && to === 'activities') {
    return typeOnly
      ? null
      : 'workflows take activities by `import type` only: call them through proxyActivities';
  }
  if (to === 'workflows' && DOOR.includes(from)) {
    return `${from} may take ${MESSAGES} alone from workflows: put what you need into that door`;
  }
  const allowed = ARROWS[from].length === 0 ? 'nothing of ours' : ARROWS[from].join(', ');
  return `${from} must not import ${to} (${path}): ${from} may take ${allowed} (DESIGN §3)`;
}

function judgePackage(source: Source, { specifier, typeOnly }: Import): string | null {
  if (specifier === null) {
    return 'the path of an import() must be a literal: else nothing can check the arrow';
  }
  if (source.isTest) return null;
  if (isBuiltin(specifier)) return judgeBuiltin(source, specifier);
  const checks = source.path.startsWith(CHECKER);
  const allowed = checks ? CHECKER_PACKAGES : PACKAGES[source.folder];
  const name = packageOf(specifier);
  if (allowed === undefined || allowed.includes(name) || typeOnly) return null;
  const who = checks ? CHECKER : source.folder;
  return `${who} must not import ${name}: of npm it may take ${allowed.join(', ')}`;
}

function judgeBuiltin({ folder, path }: Source, specifier: string): string | null {
  if (folder === 'workflows') {
    return `workflows must not import ${specifier}: what it does belongs into an activity`;
  }
  if (folder !== 'core' || (path === HASH && specifier === 'node:crypto')) return null;
  return `core must not import ${specifier}: it is pure. Take values as arguments; hashes: ${HASH}`;
}

/** Temporal runs workflow files in a sandbox without Node's builtins, and so everything they
 * load. */
function sandbox(source: Source, ours: ReadonlyMap<string, readonly Import[]>): Violation[] {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  const follow = (path: string, chain: readonly string[], line: number): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const one of ours.get(path) ?? []) {
      if (one.typeOnly) continue;
      if (one.path !== null) follow(one.path, [...chain, one.path], line);
      else if (one.specifier !== null && isBuiltin(one.specifier)) {
        const text = `workflows reach ${one.specifier} through ${chain.join(' → ')}`;
        violations.push({ file: source.path, line, text: `${text}: pass its result in` });
      }
    }
  };
  for (const one of ours.get(source.path) ?? []) {
    if (!one.typeOnly && one.path !== null) follow(one.path, [one.path], one.line);
  }
  return violations;
}

function environment(source: Source): Violation[] {
  if (ENVIRONMENT.includes(source.folder) || source.isTest) return [];
  const violations: Violation[] = [];
  new Visitor({
    MemberExpression: (node) => {
      if (node.computed || node.property.type !== 'Identifier') return;
      if (node.property.name !== 'env') return;
      if (node.object.type !== 'Identifier' || node.object.name !== 'process') return;
      violations.push({
        file: source.path,
        line: lineAt(source.text, node.start),
        text: 'only workers and ops read process.env: take the setting as an argument',
      });
    },
  }).visit(source.program);
  return violations;
}
