import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { paperLogSecret } from '../../../adapters/venue/paper-keys.ts';
import { CorroError, EXIT_CODES } from '../../../proto/errors.ts';
import { ANCHOR_FILE, type AnchorWitness, publicKeyAt } from '../../audit/anchors.ts';
import { type AuditOptions, Auditor, type AuditReport } from '../../audit/audit.ts';
import { auditChains, type ChainAudit } from '../../audit/chain-report.ts';
import type { Finding } from '../../audit/finding.ts';
import { INVARIANTS } from '../../audit/invariants.ts';
import { logInFile, logOverHttp } from '../../audit/venue-lines.ts';
import { anchorDirectory, homeAt } from '../../stack/home.ts';
import { roleUrl } from '../../stack/postgres.ts';
import { Connections, runningStack } from '../connections.ts';
import { readableHomeOf } from '../home.ts';
import { interruptible } from '../interrupt.ts';
import { printJson } from '../output.ts';
import { printable } from '../printable.ts';
import { Screen, standardTerminal } from '../screen.ts';
import { table } from '../table.ts';

interface Flags {
  readonly json?: boolean;
  readonly chain?: boolean;
  readonly invariant: readonly number[];
  readonly watch?: boolean;
  readonly settled?: boolean;
  readonly postgres?: string;
  readonly venueLog?: string;
  readonly anchors?: string;
  readonly key?: string;
}

const WATCH_MS = 5_000;

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('prove the books’ invariants from the database and the venue’s own log')
    .option('--invariant <n>', 'only this one; may be repeated', readNumber, [])
    .option('--chain', 'recompute every audit chain and hold it to its signed anchors')
    .option('--settled', 'nothing may be under way: faults ended a minute ago')
    .option('--watch', `again every ${WATCH_MS / 1000} s, until Ctrl-C`)
    .option('--postgres <url>', 'books of a stack that does not run')
    .option('--venue-log <file>', 'the venue’s log as a file')
    .option('--anchors <dir>', 'where the anchors are kept')
    .option('--key <file>', 'the key they are signed with (its public half is enough)')
    .option('--json', 'as JSON')
    .action(run);
}

function readNumber(text: string, before: readonly number[]): readonly number[] {
  const number = Number(text);
  if (INVARIANTS.some((invariant) => invariant.number === number)) return [...before, number];
  throw new InvalidArgumentError(`must be 1 to ${INVARIANTS.length}.`);
}

async function run(flags: Flags, command: Command): Promise<void> {
  const screen = new Screen(standardTerminal(flags.json ? process.stderr : process.stdout));
  const { chain, options, witness } = sourcesOf(flags, command);
  if (flags.chain) {
    const report = await auditChains(options.postgresUrl, await witness());
    process.exitCode = report.sound ? EXIT_CODES.ok : EXIT_CODES.verification_failed;
    return flags.json ? printJson(report) : showChains(report, screen);
  }
  const auditor = new Auditor({
    ...options,
    ...chain,
    only: flags.invariant,
    settled: flags.settled ?? false,
    onProgress: (done, of, says) => screen.status(`${done} of ${of}: ${says}`),
  });
  if (flags.watch) return watch(auditor, screen, flags);
  const report = await auditor.run();
  process.exitCode = report.sound ? EXIT_CODES.ok : EXIT_CODES.verification_failed;
  if (flags.json) printJson(report);
  else show(report, screen);
}

interface Sources {
  readonly options: Pick<AuditOptions, 'postgresUrl' | 'log'>;
  readonly chain: Pick<AuditOptions, 'anchorDirectory'>;
  readonly witness: () => Promise<AnchorWitness | null>;
}

/** A running stack's own witnesses, asked as the role that can only read; or those that are
 * named. */
function sourcesOf(flags: Flags, command: Command): Sources {
  const { postgres, venueLog } = flags;
  if (postgres === undefined && venueLog === undefined) return runningSources(flags, command);
  if (postgres === undefined) throw new CorroError('usage', '--venue-log needs --postgres');
  if (venueLog !== undefined && !existsSync(venueLog)) {
    throw new CorroError('usage', `there is no file ${venueLog}`);
  }
  const directory = flags.anchors ?? null;
  return {
    options: { postgresUrl: postgres, log: venueLog === undefined ? null : logInFile(venueLog) },
    chain: { anchorDirectory: directory },
    witness: async () => {
      if (directory === null) return null;
      if (flags.key === undefined) throw new CorroError('usage', '--anchors needs --key');
      return { directory, key: publicKeyAt(flags.key) };
    },
  };
}

function runningSources(flags: Flags, command: Command): Sources {
  const state = runningStack(readableHomeOf(command));
  const home = homeAt(state.home);
  const { paperUrl, paperSecretPath } = state.addresses;
  const logKey = paperLogSecret(readFileSync(paperSecretPath, 'utf8').trim());
  const directory = flags.anchors ?? anchorDirectory(home);
  const keyPath = flags.key ?? home.anchorKey;
  return {
    options: {
      postgresUrl: roleUrl(home, state.ports.postgres, 'corro_checker'),
      log: logOverHttp(paperUrl, logKey),
    },
    chain: { anchorDirectory: directory },
    witness: async () => {
      if (!existsSync(keyPath)) return null;
      const connections = new Connections(state);
      try {
        const published = await publishedAnchors(connections, join(directory, ANCHOR_FILE));
        return { directory, key: publicKeyAt(keyPath), published };
      } finally {
        await connections.close();
      }
    },
  };
}

/** The newest anchor of every partition as NATS kept it: a file that was cut short lacks it. */
async function publishedAnchors(connections: Connections, file: string): Promise<unknown[]> {
  const bus = await connections.bus();
  const { streams, anchorFilter } = connections.wire;
  const info = await bus.manager.streams.info(streams.ANCHOR, { subjects_filter: anchorFilter });
  const found: unknown[] = [];
  for (const subject of Object.keys(info.state.subjects ?? {})) {
    const message = await bus.manager.streams.getMessage(streams.ANCHOR, { last_by_subj: subject });
    if (message) found.push(readable(message.string()));
  }
  if (found.length > 0 && !existsSync(file)) {
    process.stderr.write(`corro: anchors were published and ${file} is not there\n`);
  }
  return found;
}

/** What is no JSON is no anchor either: the audit says so, and goes on. */
function readable(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function show(report: AuditReport, screen: Screen): void {
  screen.line(
    table<Finding>(
      report.findings,
      [
        { heading: '#', cell: (finding) => String(finding.number), align: 'right' },
        { heading: 'invariant', cell: (finding) => finding.says },
        { heading: 'database', cell: ({ seen }) => String(seen.database), align: 'right' },
        { heading: 'venue', cell: ({ seen }) => String(seen.venue), align: 'right' },
        { heading: 'under way', cell: ({ inFlight }) => String(inFlight), align: 'right' },
        { heading: 'violations', cell: (finding) => violationsOf(finding), align: 'right' },
      ],
      'no invariant was asked for',
    ),
  );
  const blind = report.findings.filter((finding) => !isChecked(finding));
  for (const { number, unchecked } of blind)
    screen.line(`  ${number} is not checked: ${unchecked}`);
  showViolations(report, screen);
  const { rows, ms, violations } = report;
  const seen = `${rows.database} rows of the database, ${rows.venue} of the venue`;
  screen.line(`${violations} violations; ${seen}; ${(ms / 1000).toFixed(1)} s`);
}

/** An invariant nothing of which can be checked has no 0. */
function violationsOf(finding: Finding): string {
  return isChecked(finding) ? String(finding.violations) : '-';
}

function isChecked({ number }: Finding): boolean {
  return INVARIANTS.find((invariant) => invariant.number === number)?.check !== null;
}

function showViolations(report: AuditReport, screen: Screen): void {
  for (const { number, shown, violations } of report.findings) {
    for (const { id, text } of shown) screen.line(`  ${number}: ${printable(`${id} ${text}`)}`);
    if (violations > shown.length)
      screen.line(`  ${number}: and ${violations - shown.length} more`);
  }
}

function showChains({ partitions, anchors }: ChainAudit, screen: Screen): void {
  screen.line(
    table(
      partitions,
      [
        { heading: 'partition', cell: ({ partition }) => partition },
        { heading: 'records', cell: ({ length }) => String(length), align: 'right' },
        { heading: 'head', cell: ({ hash }) => hash.slice(0, 16) },
        { heading: 'chain', cell: ({ fault }) => fault ?? 'intact' },
      ],
      'nothing is on record yet',
    ),
  );
  if (anchors === null) return screen.line('no anchors were asked: nobody keeps any here');
  for (const { id, text } of anchors.violations) screen.line(`  ${printable(`${id} ${text}`)}`);
  screen.line(`${anchors.anchors} anchors, ${anchors.violations.length} violations`);
}

async function watch(auditor: Auditor, screen: Screen, flags: Flags): Promise<void> {
  const { signal, done } = interruptible();
  try {
    while (!signal.aborted) {
      const report = await auditor.run();
      if (!report.sound) process.exitCode = EXIT_CODES.verification_failed;
      if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
      else {
        const at = new Date(report.takenAtMs).toISOString();
        const { rows, ms } = report;
        const facts = `${rows.database} rows, ${rows.venue} of the venue, ${Math.round(ms)} ms`;
        screen.line(`${at}  ${report.violations} violations  ${facts}`);
        showViolations(report, screen);
      }
      await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    done();
  }
}
