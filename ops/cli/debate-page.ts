import type { DebateShown } from '../../adapters/store/debates.ts';
import type { Decision } from '../../adapters/store/decisions.ts';
import type { StoredMotion } from '../../adapters/store/motions.ts';
import type { Utterance } from '../../core/assistants/speech.ts';
import { topAction } from '../../core/assistants/stance.ts';
import type { Forecast } from '../../core/models/forecast.ts';
import { printableLines } from './printable.ts';
import { clockText } from './table.ts';

const KIND_TITLES = {
  opinion: 'opinions, each before hearing another',
  challenge: 'challenges',
  rebuttal: 'answers',
  revision: 'revisions',
  ballot: 'the vote',
} as const satisfies Record<Utterance['kind'], string>;

/** One debate as a transcript a person can read from top to bottom. */
export function debatePage(debate: DebateShown): string {
  const { id, closeTimeMs, timeframe, status, workflowId } = debate;
  const page = [
    [id, `${clockText(closeTimeMs + 1)} UTC`, timeframe, status].join('   '),
    `workflow ${workflowId}`,
    ...debate.motions.flatMap((motion) => motionLines(debate, motion)),
    ...debate.escalations.map(
      (question) => `\n  question ${question.escalationId.slice(0, 12)}: ${question.status}`,
    ),
  ];
  return printableLines(page.join('\n'));
}

function motionLines(debate: DebateShown, motion: StoredMotion): string[] {
  const { symbol, trigger, reading, candles, forecast } = motion.snapshot;
  const why = `${plain(trigger)}; ${plain(reading.regime)}`;
  const ofMotion = (one: { readonly eventId: string }): boolean => one.eventId === motion.eventId;
  return [
    '',
    `${symbol} closed at ${candles.at(-1)?.close} (${why})`,
    `  snapshot ${motion.snapshotHash}`,
    ...(forecast === undefined ? [] : forecastLines(forecast)),
    ...transcript(debate.transcript.filter(ofMotion)),
    ...debate.decisions.filter(ofMotion).flatMap(decisionLines),
  ];
}

function forecastLines({ model, ...forecast }: Forecast): string[] {
  const { buyBp, sellBp, holdBp, confidenceBp, worthBp } = forecast;
  const shares = `rise ${percent(buyBp)}, fall ${percent(sellBp)}, nothing ${percent(holdBp)}`;
  const sure = `${percent(confidenceBp)} sure, its vote counts ${percent(worthBp)}`;
  return [`  model ${model}`, `    foretells: ${shares}; ${sure}`];
}

function decisionLines({ arms, votes, ...decision }: Decision): string[] {
  const { voteWithoutDebate: plainVote, bestSingle, model } = arms;
  const verdict = `${plain(decision.verdict)} ${decision.action}`;
  return [
    '',
    `  verdict for ${decision.username}: ${verdict}, ${percent(decision.confidenceBp)} sure`,
    ...votes.map(({ role, choice, shareBp, why }) => {
      const share = `${(shareBp / 100).toFixed(2)} %`.padStart(8);
      return `    ${role.padEnd(20)} ${(choice ?? '—').padEnd(8)} ${share}  ${why}`;
    }),
    `    without debate: ${plain(plainVote.kind)} ${plainVote.action}`,
    `    best single: ${bestSingle?.role ?? 'nobody'} ${bestSingle?.action ?? ''}`,
    ...(model ? [`    model alone: ${model.action} (${model.hash.slice(0, 8)})`] : []),
    `    link ${decision.seq} of the chain, ${decision.hash}`,
  ];
}

function percent(bp: number): string {
  return `${Math.round(bp / 100)} %`;
}

function plain(word: string): string {
  return word.replaceAll('_', ' ');
}

function transcript(said: readonly Utterance[]): string[] {
  const lines: string[] = [];
  let title = '';
  for (const utterance of said) {
    const next = `  round ${utterance.round}: ${KIND_TITLES[utterance.kind]}`;
    if (next !== title) lines.push('', next);
    title = next;
    lines.push(...wordsOf(utterance).map((words) => `    ${utterance.role.padEnd(20)} ${words}`));
  }
  return lines;
}

function wordsOf(said: Utterance): readonly string[] {
  if (said.content === null) return ['—'];
  switch (said.kind) {
    case 'opinion':
    case 'revision': {
      const { stance, confidenceBp, reasons } = said.content;
      const lean = `${topAction(stance) ?? 'torn'} (${Math.round(confidenceBp / 100)} % sure)`;
      return [`${lean}: ${reasons.map((reason) => reason.text).join('; ')}`];
    }
    case 'challenge':
      return [`to ${said.content.to}: ${said.content.text}`];
    case 'rebuttal':
      return said.content.map(
        ({ to, concedes, text }) => `${concedes ? 'concedes to' : 'to'} ${to}: ${text}`,
      );
    case 'ballot':
      return [`${said.content.choice}: ${said.content.reason}`];
  }
}
