import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder for one stack. It may be walked through: as root, Postgres runs as another
 * user. */
export function testHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'corro-test-'));
  chmodSync(home, 0o711);
  return home;
}
