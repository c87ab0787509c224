import { z } from 'zod';
import { FEED_SCHEMAS } from '../../proto/feed-schemas.ts';
import { FEED_KINDS, type FeedKind } from '../../proto/subjects.ts';

/** docs/feeds.md and docs/feeds.schema.json, made from the schemas. A test compares the files;
 * `vitest run proto/feed.test.ts -u` writes them anew. */

interface Property {
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Property[];
  readonly format?: string;
  readonly pattern?: string;
  readonly description?: string;
}

const OPENING = `# Live feeds

Everything the ring does is told, after the fact, as JSON on NATS core subjects:

    corro.feed.<kind>.<symbol token>

The symbol token is the symbol with a dash: \`BTC-USDT\`. The first word is the ring's namespace
(\`corro\` unless it was started with another). Any NATS client can listen:

    nats sub 'corro.feed.>'
    nats sub 'corro.feed.verdict.BTC-USDT'

A feed is news, not the record: what was published while nobody listened is gone, and Postgres has
it. Money and quantities are decimal strings; JSON numbers are observations, counts or basis points
(\`…Bp\`, 10,000 = all). Times are ISO 8601, UTC, and the market's. Fields are only ever added; the
same forms as JSON Schema are in \`feeds.schema.json\`.
`;

export function feedSchemas(): Record<FeedKind, object> {
  const schemas = FEED_KINDS.map((kind) => [kind, z.toJSONSchema(FEED_SCHEMAS[kind])]);
  return Object.fromEntries(schemas) as Record<FeedKind, object>;
}

/** The page; `examples` has one message of each kind. */
export function feedDocument(examples: Readonly<Record<FeedKind, object>>): string {
  const schemas = feedSchemas();
  const chapters = FEED_KINDS.map((kind) => chapter(kind, schemas[kind], examples[kind]));
  return `${[OPENING, ...chapters].join('\n')}`;
}

function chapter(kind: FeedKind, schema: object, example: object): string {
  const { description, properties } = schema as {
    readonly description: string;
    readonly properties: Readonly<Record<string, Property>>;
  };
  const rows = Object.entries(properties).map(
    ([name, property]) => `| \`${name}\` | ${typeOf(property)} | ${property.description ?? ''} |`,
  );
  return `## ${kind}

${description}

| field | type | meaning |
|---|---|---|
${rows.join('\n')}

\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`
`;
}

function typeOf(property: Property): string {
  if (property.const !== undefined) return `\`"${property.const}"\``;
  if (property.enum !== undefined) return property.enum.map((name) => `\`${name}\``).join(', ');
  if (property.anyOf !== undefined) return [...new Set(property.anyOf.map(typeOf))].join(' or ');
  if (property.format === 'date-time') return 'time';
  if (property.type === 'string' && property.pattern !== undefined) return 'decimal string';
  return property.type ?? 'any';
}
