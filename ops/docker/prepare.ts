import { furnishServers } from '../stack/furnish.ts';
import { roleVariable } from '../stack/postgres-roles.ts';

/** The one-shot service `prepare` of docker-compose.yml: schema, database roles, streams and
 * mailboxes, before any worker starts. */
function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} must be set`);
  return value;
}

await furnishServers({
  postgresUrl: required('CORRO_POSTGRES_URL'),
  natsUrl: required('CORRO_NATS_URL'),
  namespace: process.env['CORRO_NAMESPACE'] ?? 'corro',
  passwordOf: (role) => required(roleVariable(role)),
});
process.exit(0);
