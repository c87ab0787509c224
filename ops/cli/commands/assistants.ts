import { type Command, Option } from 'commander';
import { isRole, ROLES, type Role } from '../../../core/assistants/role.ts';
import { TIMEFRAMES, type Timeframe } from '../../../core/market/candle.ts';
import { CorroError } from '../../../proto/errors.ts';
import { viewRing } from '../../learning/ring-view.ts';
import { assistantPage, assistantView } from '../assistant-page.ts';
import { assistantsPage } from '../assistants-page.ts';
import { withStack } from '../connections.ts';
import { findByPrefix } from '../find.ts';
import { readableHomeOf } from '../home.ts';
import { printJson } from '../output.ts';
import { readTime } from './replay.ts';

interface AssistantFlags {
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
  readonly venue?: string;
  readonly from?: number;
  readonly to?: number;
  readonly json?: boolean;
}

export function addAssistants(program: Command): void {
  program
    .command('assistants')
    .description('how well each assistant foretold what came, and what its vote weighs for it')
    .argument('[role]', `one of them in depth: ${ROLES.join(', ')}`)
    .option('--symbol <symbol>', 'only motions about this symbol')
    .addOption(
      new Option('--timeframe <timeframe>', 'only on these candles').choices(
        Object.keys(TIMEFRAMES),
      ),
    )
    .option('--venue <venue>', 'only at this venue')
    .option('--from <time>', 'only motions closed at or after, ISO 8601 (2021-05-19)', readTime)
    .option('--to <time>', 'only motions closed before', readTime)
    .option('--json', 'as JSON')
    .action((typed: string | undefined, flags: AssistantFlags, command: Command) => {
      const role = typed === undefined ? null : roleOf(typed);
      return withStack(readableHomeOf(command), async ({ db }) => {
        const view = await viewRing(db, filterOf(flags));
        const own = role === null ? null : assistantView(role, view);
        if (flags.json === true) return printJson(own ?? view);
        const page = own === null ? assistantsPage(view) : assistantPage(own);
        process.stdout.write(`${page}\n`);
      });
    });
}

/** The role that is meant by its name or the beginning of it. */
function roleOf(typed: string): Role {
  const found = findByPrefix(ROLES, typed.toLowerCase().replaceAll('-', '_'));
  if (isRole(found)) return found;
  throw new CorroError('usage', `role must be one of ${ROLES.join(', ')}, was ${typed}`);
}

function filterOf({ symbol, timeframe, venue, from, to }: AssistantFlags) {
  return {
    market: {
      ...(symbol === undefined ? {} : { symbol }),
      ...(timeframe === undefined ? {} : { timeframe }),
      ...(venue === undefined ? {} : { venue }),
    },
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to - 1 }),
  };
}
