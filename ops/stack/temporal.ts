import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../../proto/search-attributes.ts';
import type { Home } from './home.ts';
import { expectOk } from './nats.ts';

/** The dev server's one shard polls each queue at most 20 times a second by default, so that every
 * workflow task waits up to 50 ms; these figures were measured to take that wait away. */
const DYNAMIC_CONFIGURATION = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 200,
} as const;

export interface TemporalPorts {
  readonly temporal: number;
  readonly temporalUi: number;
  readonly temporalHttp: number;
}

export function temporalArguments(home: Home, ports: TemporalPorts): string[] {
  const flags = ['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn'];
  flags.push('--db-filename', join(home.temporal, 'temporal.db'));
  flags.push('--port', String(ports.temporal), '--ui-port', String(ports.temporalUi));
  flags.push('--http-port', String(ports.temporalHttp), '--ui-disable-news-fetch');
  for (const [name, value] of Object.entries(DYNAMIC_CONFIGURATION)) {
    flags.push('--dynamic-config-value', `${name}=${value}`);
  }
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
    flags.push('--search-attribute', `${name}=${type}`);
  }
  return flags;
}

/** Throws unless the server knows its default namespace and the search attributes can be used. */
export async function pingTemporal(httpUrl: string): Promise<void> {
  await expectOk(`${httpUrl}/api/v1/namespaces/default`);
  await expectOk(`${httpUrl}/api/v1/namespaces/default/workflows?query=Verdict%3D%22none%22`);
}
