import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reconcileAccount } from '../../adapters/store/reconcile.ts';
import { activeUsersWithConfig } from '../../adapters/store/users.ts';
import { venueClient } from '../../adapters/venue/client.ts';
import { Connections } from '../cli/connections.ts';
import { PAPER_VENUE } from '../cli/market.ts';
import { patiently } from '../ring/patience.ts';
import type { StackState } from '../stack/control.ts';
import { REPOSITORY } from '../stack/home.ts';
import type { Eyes, Witnessed } from './eyes.ts';

/** What a quiet stack's books say, and what is wrong with them: nothing, one hopes. */
export interface Books extends Witnessed {
  /** Accounts whose ledger and venue balance differ. */
  readonly ledgerDifferences: number;
  /** Violations the checker found, of all invariants. */
  readonly violations: number;
  /** Rows the checker looked at. */
  readonly checkedRows: number;
}

/** Three looks at one stack in which nothing is under way: the campaign's own, the reconciliation
 * with the venue's balances, and the checker as a process of its own. */
export async function examine(
  state: StackState,
  eyes: Eyes,
): Promise<{ readonly books: Books; readonly faults: readonly string[] }> {
  const witnessed = await eyes.compare();
  const differences = await reconcileAll(state);
  const audited = await audit(state.home);
  const { examples, ...counts } = witnessed;
  const books: Books = {
    ...counts,
    examples,
    ledgerDifferences: differences.length,
    violations: audited.violations.length,
    checkedRows: audited.rows,
  };
  return { books, faults: [...examples, ...differences, ...audited.violations] };
}

async function reconcileAll(state: StackState): Promise<readonly string[]> {
  const connections = new Connections(state);
  const { signal } = new AbortController();
  try {
    const { db, wire } = connections;
    const port = venueClient(await connections.bus(), wire, { venue: PAPER_VENUE });
    return await patiently(
      'books',
      async () => {
        const users = await activeUsersWithConfig(db);
        const lists: string[][] = [];
        for (const { id, username } of users) {
          const owner = { userId: id, venue: PAPER_VENUE };
          const { differences } = await reconcileAccount(db, port, owner);
          lists.push(differences.map((one) => `${username}: ${JSON.stringify(one)}`));
        }
        return lists.flat();
      },
      { signal },
    );
  } finally {
    await connections.close();
  }
}

interface AuditReport {
  readonly findings: readonly {
    readonly number: number;
    readonly says: string;
    readonly seen: { readonly database: number; readonly venue: number };
    readonly violations: number;
    readonly shown: readonly { readonly id: string; readonly text: string }[];
  }[];
}

const AUDIT_TRIES = 5;

/** `corro audit --json`, as anybody would run it. A server that is not back yet is asked again. */
async function audit(home: string): Promise<{
  readonly violations: readonly string[];
  readonly rows: number;
}> {
  for (let tries = 1; ; tries += 1) {
    const { text, said } = await corro(['--home', home, 'audit', '--json']);
    const { findings } = parse(text);
    if (findings !== undefined) {
      const violations = findings.flatMap(({ number, shown }) =>
        shown.map((one) => `invariant ${number}: ${one.id}: ${one.text}`),
      );
      const rows = findings.reduce((sum, { seen }) => sum + seen.database + seen.venue, 0);
      return { violations, rows };
    }
    if (tries >= AUDIT_TRIES) throw new Error(`corro audit did not report: ${said} ${text}`);
    await sleep(1_000);
  }
}

function parse(text: string): Partial<AuditReport> {
  try {
    return JSON.parse(text) as Partial<AuditReport>;
  } catch {
    return {};
  }
}

function corro(words: readonly string[]): Promise<{ text: string; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(REPOSITORY, 'ops/cli/main.ts'), ...words], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      said = (said + more).slice(-2_000);
    });
    child.once('error', reject);
    child.once('close', () => resolve({ text, said }));
  });
}
