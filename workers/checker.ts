import { connectBus } from '../adapters/bus/connect.ts';
import { Auditor } from '../ops/audit/audit.ts';
import { logOverHttp } from '../ops/audit/venue-lines.ts';
import { wire } from '../proto/subjects.ts';
import { AnchorKeeper } from './checker/anchors.ts';
import { HaltAsker } from './checker/halts.ts';
import { Watch } from './checker/watch.ts';
import { runProcess } from './process.ts';

/** What may be under way for longer than a person's own `corro audit` allows: a process that is
 * frozen for a minute and then has to find its way back is no violation yet. */
const SETTLED_MS = 120_000;

/** Proves the books' invariants again and again, stops trading when one is violated, and keeps the
 * signed heads of the audit outside. Reads with a role that can do nothing else. */
await runProcess('checker', async ({ settings, log }) => {
  const { CORRO_PAPER_URL: paperUrl, CORRO_PAPER_LOG_KEY: logKey } = settings;
  const { CORRO_ANCHOR_DIR: directory, CORRO_ANCHOR_KEY: keyPath } = settings;
  if (!paperUrl || !logKey) throw new Error('CORRO_PAPER_URL and CORRO_PAPER_LOG_KEY must be set');
  if (!directory || !keyPath) throw new Error('CORRO_ANCHOR_DIR and CORRO_ANCHOR_KEY must be set');
  const names = wire(settings.CORRO_NAMESPACE);
  const bus = await connectBus({ url: settings.CORRO_NATS_URL, name: 'corro checker' });
  const postgresUrl = settings.CORRO_POSTGRES_URL;
  const anchors = await AnchorKeeper.open({ directory, keyPath, postgresUrl, bus, names, log });
  const halts = new HaltAsker({ bus, subject: names.haltRequest, log });
  const watch = new Watch({
    auditor: new Auditor({
      postgresUrl,
      log: logOverHttp(paperUrl, logKey),
      anchorDirectory: directory,
      bounds: { settledMs: SETTLED_MS },
    }),
    anchors,
    halts,
    everyMs: settings.CORRO_CHECK_SECONDS * 1_000,
    log,
  });
  watch.start();
  return {
    health: async () => ({ natsUp: bus.link.up, ...watch.facts(), ...halts.facts() }),
    close: async () => {
      await watch.stop();
      await bus.close();
      await anchors.close();
    },
  };
});
