import type { Home } from './home.ts';
import { endProcess, isAlive, type ProcessMark } from './processes.ts';
import { readStack, type ServiceState } from './state.ts';
import { SERVICES } from './topology.ts';

/** Processes that a killed supervisor left running: those its state file names, and that are still
 * the very same ones (number and birth). */
export function leftovers(home: Home): readonly (ServiceState & { mark: ProcessMark })[] {
  const services = readStack(home.root)?.services ?? [];
  return services.flatMap((service) =>
    service.mark && isAlive(service.mark) ? [{ ...service, mark: service.mark }] : [],
  );
}

/** Stops them in the opposite of their starting order. Only the holder of the lock may call this.
 * Returns how many there were. */
export async function removeLeftovers(home: Home): Promise<number> {
  const found = leftovers(home);
  for (const { service, mark } of found.toReversed()) {
    await endProcess(mark, { signal: SERVICES[service].stopSignal, graceMs: 5_000 });
  }
  return found.length;
}
