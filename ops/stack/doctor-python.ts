import { existsSync } from 'node:fs';
import { findPython, PYTHON_ENVIRONMENTS, recipeOf } from '../python/environment.ts';
import { type Finding, finding } from './finding.ts';

const USES = {
  training: 'training and notebooks',
  bench: 'peers of the benches',
} as const satisfies Record<(typeof PYTHON_ENVIRONMENTS)[number], string>;

/** Whether Python for training, notebooks and benches is installed. Nothing else needs it, so its
 * absence is no illness. */
export function diagnosePython(): readonly Finding[] {
  return PYTHON_ENVIRONMENTS.map((name) => {
    const what = `python ${name}`;
    const recipe = recipeOf(name);
    if (!existsSync(recipe.requirements)) {
      return finding(what, { state: 'notice', detail: 'not part of this installation' });
    }
    const found = findPython(recipe);
    if (found.state === 'ready') return finding(what, { detail: found.environment.python });
    const was = found.state === 'stale' ? 'made from other requirements' : 'not installed';
    const detail = `${was}; installed when ${USES[name]} first need it`;
    return finding(what, { state: 'notice', detail });
  });
}
