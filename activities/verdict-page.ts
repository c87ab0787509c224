import type { Judgement } from '../core/debate/judge.ts';
import type { DecisionOutcome } from '../proto/docket.ts';

/** One judgement for one user, and what follows from it. */
export interface Judged {
  readonly username: string;
  readonly judgement: Judgement;
  readonly followUp: DecisionOutcome['followUp'] | undefined;
}

/** Characters of one page: what it carries counts against the history's size, and Postgres has all
 * of it. */
const MOST = 16_000;
/** A reason of an assistant, in a table cell. */
const MOST_WHY = 200;

/** Verdicts as Markdown for the Temporal Web UI: as many as fit, and how many more there are. */
export function verdictPage(judged: readonly Judged[]): string {
  const parts: string[] = [];
  let length = 0;
  for (const one of judged) {
    const part = partOf(one);
    length += part.length + 2;
    if (length > MOST) {
      const more = judged.length - parts.length;
      return [...parts, `… and ${more} more: \`./corro debates show ID\``].join('\n\n');
    }
    parts.push(part);
  }
  return parts.join('\n\n');
}

function partOf({ username, judgement, followUp }: Judged): string {
  const { kind, action, tally } = judgement.verdict;
  const shares = Object.entries(tally.sharesBp).map(([side, bp]) => `${side} ${bp / 100} %`);
  const votes = judgement.votes.map(({ role, choice, shareBp, why }) =>
    ['', role, choice ?? '—', `${shareBp / 100} %`, cellOf(why), ''].join(' | ').trim(),
  );
  return [
    `### ${judgement.symbol} for ${username}: ${kind} ${action}`,
    `${shares.join(', ')}${followUp?.kind === 'nothing' ? ` — ${cellOf(followUp.why)}` : ''}`,
    '',
    '| assistant | vote | share | why |',
    '| --- | --- | --- | --- |',
    ...votes,
  ].join('\n');
}

/** Text of an assistant as plain words in a Markdown table: it must not end the cell, and a link,
 * an image or a tag in it must not become one in the reader's browser. */
function cellOf(text: string): string {
  const cut = text.length > MOST_WHY ? `${text.slice(0, MOST_WHY)}…` : text;
  return cut
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*_[\]<>|!#~]/g, (mark) => `\\${mark}`)
    .replaceAll('://', ':\u200b//');
}
