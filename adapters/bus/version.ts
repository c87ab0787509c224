import { CorroError } from '../../proto/errors.ts';

/** The oldest safe release of each line (SAFETY §5): below them are known CVEs, and older servers
 * silently ignore stream and consumer options that this code relies on. */
const OLDEST = [
  { major: 2, minor: 11, patch: 15 },
  { major: 2, minor: 12, patch: 6 },
] as const;

/** Throws `CorroError` `server_too_old` for a nats-server that must not be used. */
export function checkServerVersion(version: string): void {
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (!found) throw refusal(version);
  const [major, minor, patch] = found.slice(1).map(Number) as [number, number, number];
  const line = OLDEST.find((oldest) => oldest.major === major && oldest.minor === minor);
  const newerLine = major > 2 || (major === 2 && minor > 12);
  if (newerLine || (line && patch >= line.patch)) return;
  throw refusal(version);
}

function refusal(version: string): CorroError {
  const shown = version === '' ? 'of unknown version' : version;
  return new CorroError(
    'server_too_old',
    `nats-server must be 2.11.15, 2.12.6 or newer, was ${shown}`,
  );
}
