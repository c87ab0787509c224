import { startPaperVenue } from './paper-venue/server.ts';
import { runProcess } from './process.ts';

/** The paper exchange as a process of its own. */
await runProcess('paper-venue', async ({ settings, log }) => {
  const { CORRO_PAPER_DIR: directory, CORRO_PAPER_SECRET: secret } = settings;
  if (!directory) throw new Error('CORRO_PAPER_DIR must name a folder for the venue log');
  if (!secret) throw new Error('CORRO_PAPER_SECRET must be set');
  const server = await startPaperVenue({
    directory,
    secret,
    port: settings.CORRO_PAPER_PORT,
    host: settings.CORRO_PAPER_HOST,
    log,
  });
  return { health: () => server.facts(), close: () => server.close() };
});
