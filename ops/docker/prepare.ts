import { furnishServers } from '../stack/furnish.ts';

/** The one-shot service `prepare` of docker-compose.yml: schema and streams, before any worker
 * starts. */
function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} must be set`);
  return value;
}

await furnishServers({
  postgresUrl: required('CORRO_POSTGRES_URL'),
  natsUrl: required('CORRO_NATS_URL'),
  namespace: process.env['CORRO_NAMESPACE'] ?? 'corro',
});
process.exit(0);
