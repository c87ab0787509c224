import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Binary, findBinaries, findNats, findTemporal } from './binaries.ts';
import { diagnoseAuthority } from './doctor-authority.ts';
import { diagnosePython } from './doctor-python.ts';
import { type Finding, finding } from './finding.ts';
import { freeBytes, homeAt, LEAST_FREE_BYTES } from './home.ts';
import { leftovers } from './leftovers.ts';
import { lockHolder } from './lock.ts';
import { lastFaults } from './log-file.ts';
import { isFree, PREFERRED_PORTS } from './ports.ts';
import { readStack, type ServiceState, type StackState } from './state.ts';

/** Looks at everything a stack needs: programs, disk, lock, ports, secrets and rights, each process
 * and its log.
 * Changes nothing. */
export async function diagnose(root: string): Promise<readonly Finding[]> {
  const state = readStack(root);
  return [
    finding('node', { detail: `${process.version} at ${process.execPath}` }),
    ...programs(),
    ...diagnosePython(),
    disk(root),
    lock(root, state),
    ...(await ports(state)),
    ...(await diagnoseAuthority(root, state)),
    ...(state?.services ?? []).map((service) => processFinding(service, state)),
  ];
}

function programs(): Finding[] {
  const look = (what: string, find: () => string): Finding => {
    try {
      return finding(what, { detail: find() });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return finding(what, { state: 'ill', detail, advice: 'see the message' });
    }
  };
  const say = ({ path, version }: Binary) => `${version} at ${path}`;
  return [
    look('program nats-server', () => say(findNats())),
    look('program temporal', () => say(findTemporal())),
    look('program postgres', () => findBinaries().postgres.postgres),
  ];
}

function disk(root: string): Finding {
  const home = existsSync(root) ? root : dirname(root);
  if (!existsSync(home)) return finding('disk', { state: 'ill', detail: `${home} is not there` });
  const free = freeBytes(home);
  const detail = `${Math.floor(free / 1024 / 1024)} MB free for ${root}`;
  try {
    accessSync(home, constants.W_OK);
  } catch {
    return finding('disk', { state: 'ill', detail: `${home} cannot be written` });
  }
  if (free >= LEAST_FREE_BYTES) return finding('disk', { detail });
  return finding('disk', {
    state: 'ill',
    detail,
    advice: 'free at least 500 MB, or set CORRO_HOME',
  });
}

function lock(root: string, state: StackState | null): Finding {
  const home = homeAt(root);
  const holder = lockHolder(home);
  if (holder) return finding('stack', { detail: `runs in ${root}, supervisor ${holder.pid}` });
  const orphans = leftovers(home).map(({ instance, mark }) => `${instance} (${mark.pid})`);
  if (orphans.length > 0) {
    return finding('stack', {
      state: 'ill',
      detail: `its supervisor is gone but these still run: ${orphans.join(', ')}`,
      advice: './corro down stops them; ./corro up replaces them',
    });
  }
  if (state?.status === 'lost') {
    const detail = 'its supervisor was killed; nothing of it runs';
    return finding('stack', { state: 'notice', detail, advice: './corro up starts it again' });
  }
  return finding('stack', { state: 'notice', detail: `nothing runs in ${root}`, advice: null });
}

async function ports(state: StackState | null): Promise<Finding[]> {
  if (state && state.status === 'running') {
    const moved = state.moved.map(
      (name) => `${name} ${PREFERRED_PORTS[name]} → ${state.ports[name]}`,
    );
    if (moved.length === 0) return [finding('ports', { detail: 'the preferred ones' })];
    return [finding('ports', { state: 'notice', detail: `moved: ${moved.join(', ')}` })];
  }
  const taken: string[] = [];
  for (const [name, port] of Object.entries(PREFERRED_PORTS)) {
    if (!(await isFree(port))) taken.push(`${port} (${name})`);
  }
  if (taken.length === 0) return [finding('ports', { detail: 'the preferred ones are free' })];
  const detail = `taken by others: ${taken.join(', ')}; the stack will choose free ones`;
  return [finding('ports', { state: 'notice', detail })];
}

function processFinding(service: ServiceState, stack: StackState | null): Finding {
  const shown = { log: service.log, lines: lastFaults(service.log, 5) };
  const restarts = service.restarts > 0 ? `, restarted ${service.restarts} times` : '';
  const why = service.detail && service.status !== 'healthy' ? `: ${service.detail}` : '';
  const detail = `${service.status}${restarts}${why}`;
  if (service.status === 'healthy')
    return finding(service.instance, { detail, ...shown, lines: [] });
  const wanted = stack?.status === 'running' || stack?.status === 'failed';
  const advice = wanted ? `read ${service.log}` : null;
  return finding(service.instance, { state: wanted ? 'ill' : 'notice', detail, advice, ...shown });
}
