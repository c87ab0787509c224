import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Role } from '../core/assistants/role.ts';
import type {
  Action,
  Answer,
  Ballot,
  Challenge,
  Evidence,
  Kind,
  Opinion,
  Reason,
  Revision,
  Stance,
  Utterance,
} from '../core/assistants/speech.ts';
import { WireError } from './errors.ts';
import {
  basisPoints,
  enumeration,
  finite,
  hash,
  invalid,
  list,
  MAX_ROUND,
  matching,
  present,
  symbol,
  text,
  token,
  whole,
} from './fields.ts';
import {
  type Answer as AnswerMessage,
  type Ballot as BallotMessage,
  type Challenge as ChallengeMessage,
  type Evidence as EvidenceMessage,
  type Opinion as OpinionMessage,
  type OpinionSchema,
  type Reason as ReasonMessage,
  type Revision as RevisionMessage,
  type Stance as StanceMessage,
  type Utterance as UtteranceMessage,
  UtteranceSchema,
  Choice as WireChoice,
  Kind as WireKind,
  Role as WireRole,
} from './gen/corro/v1/speech_pb.ts';

const MAX_REASONS = 16;
const MAX_EVIDENCE = 16;
const FACT = { pattern: /^[A-Za-z0-9_.[\]-]{1,120}$/, says: 'a dotted path into the snapshot' };
const VETO_CODE = { pattern: /^[A-Za-z0-9_.-]{1,60}$/, says: '1 to 60 of A-Z a-z 0-9 _ . -' };

export const roles = enumeration({
  market_monitor: WireRole.MARKET_MONITOR,
  technical_analyst: WireRole.TECHNICAL_ANALYST,
  fundamental_analyst: WireRole.FUNDAMENTAL_ANALYST,
  risk_manager: WireRole.RISK_MANAGER,
  strategist: WireRole.STRATEGIST,
  executor: WireRole.EXECUTOR,
  auditor: WireRole.AUDITOR,
} satisfies Record<Role, WireRole>);

export const kinds = enumeration({
  opinion: WireKind.OPINION,
  challenge: WireKind.CHALLENGE,
  rebuttal: WireKind.REBUTTAL,
  revision: WireKind.REVISION,
  ballot: WireKind.BALLOT,
} satisfies Record<Kind, WireKind>);

const choices = enumeration({
  BUY: WireChoice.BUY,
  SELL: WireChoice.SELL,
  HOLD: WireChoice.HOLD,
  ABSTAIN: WireChoice.ABSTAIN,
} satisfies Record<Action | 'ABSTAIN', WireChoice>);

type WireContent = NonNullable<MessageInitShape<typeof UtteranceSchema>['content']>;

export function utteranceToWire(utterance: Utterance): UtteranceMessage {
  return create(UtteranceSchema, {
    debateId: utterance.debateId,
    eventId: utterance.eventId,
    symbol: utterance.symbol,
    round: utterance.round,
    kind: kinds.toWire(utterance.kind, 'kind'),
    role: roles.toWire(utterance.role, 'role'),
    messageId: utterance.messageId,
    content: contentToWire(utterance),
  });
}

export function utteranceToCore(message: UtteranceMessage, path = ''): Utterance {
  const at = (field: string): string => (path === '' ? field : `${path}.${field}`);
  const address = {
    debateId: token(message.debateId, at('debateId')),
    eventId: hash(message.eventId, at('eventId')),
    symbol: symbol(message.symbol, at('symbol')),
    round: whole(message.round, at('round'), [1, MAX_ROUND]),
    role: roles.toCore(message.role, at('role')),
    messageId: hash(message.messageId, at('messageId')),
  };
  const kind = kinds.toCore(message.kind, at('kind'));
  const said = message.content;
  if (said.case !== undefined && said.case !== 'silence' && said.case !== kind) {
    throw new WireError('wire_mismatch', at('content'), 'of the kind that is named');
  }
  const place = at('content');
  switch (said.case) {
    case undefined:
      throw new WireError('wire_missing', place);
    case 'silence':
      if (kind === 'rebuttal') throw invalid(place, 'a list of answers, even an empty one');
      return { ...address, kind, content: null };
    case 'opinion':
      return { ...address, kind: said.case, content: opinionToCore(said.value, place) };
    case 'challenge':
      return { ...address, kind: said.case, content: challengeToCore(said.value, place) };
    case 'rebuttal':
      return {
        ...address,
        kind: said.case,
        content: list(said.value.answers, place, { cap: 7, item: answerToCore }),
      };
    case 'revision':
      return { ...address, kind: said.case, content: revisionToCore(said.value, place) };
    case 'ballot':
      return { ...address, kind: said.case, content: ballotToCore(said.value, place) };
  }
}

function contentToWire(utterance: Utterance): WireContent {
  const { kind, content } = utterance;
  if (content === null) return { case: 'silence', value: {} };
  switch (kind) {
    case 'opinion':
      return { case: kind, value: opinionToWire(content) };
    case 'challenge':
      return {
        case: kind,
        value: {
          to: roles.toWire(content.to, 'content.to'),
          text: content.text,
          evidence: evidenceToWire(content.evidence),
        },
      };
    case 'rebuttal':
      return { case: kind, value: { answers: content.map(answerToWire) } };
    case 'revision':
      return { case: kind, value: revisionToWire(content) };
    case 'ballot':
      return { case: kind, value: ballotToWire(content) };
  }
}

function evidenceToWire(evidence: readonly Evidence[]) {
  return evidence.map(({ fact, value }) => ({ fact, value }));
}

function opinionToWire(opinion: Opinion): MessageInitShape<typeof OpinionSchema> {
  const { buyBp, sellBp, holdBp } = opinion.stance;
  return {
    stance: { buyBp, sellBp, holdBp },
    confidenceBp: opinion.confidenceBp,
    reasons: opinion.reasons.map((reason) => ({
      text: reason.text,
      evidence: evidenceToWire(reason.evidence),
    })),
  };
}

function answerToWire(answer: Answer) {
  return {
    to: roles.toWire(answer.to, 'content.to'),
    concedes: answer.concedes,
    text: answer.text,
    evidence: evidenceToWire(answer.evidence),
  };
}

function revisionToWire(revision: Revision) {
  return {
    opinion: opinionToWire(revision),
    ...(revision.movedBy === null
      ? {}
      : { movedBy: roles.toWire(revision.movedBy, 'content.movedBy') }),
    newEvidence: evidenceToWire(revision.newEvidence),
  };
}

function ballotToWire(ballot: Ballot) {
  return {
    choice: choices.toWire(ballot.choice, 'content.choice'),
    confidenceBp: ballot.confidenceBp,
    ...(ballot.veto === null ? {} : { veto: { code: ballot.veto.code, text: ballot.veto.text } }),
    strikes: ballot.strikes.map(({ role, text }) => ({
      role: roles.toWire(role, 'content.strikes'),
      text,
    })),
    reason: ballot.reason,
  };
}

function stanceToCore(message: StanceMessage, path: string): Stance {
  const stance = {
    buyBp: basisPoints(message.buyBp, `${path}.buyBp`),
    sellBp: basisPoints(message.sellBp, `${path}.sellBp`),
    holdBp: basisPoints(message.holdBp, `${path}.holdBp`),
  };
  if (stance.buyBp + stance.sellBp + stance.holdBp !== 10_000) {
    throw invalid(path, 'basis points that sum to 10,000');
  }
  return stance;
}

function allEvidence(messages: readonly EvidenceMessage[], path: string): readonly Evidence[] {
  return list(messages, path, {
    cap: MAX_EVIDENCE,
    item: (message, place) => ({
      fact: matching(message.fact, `${place}.fact`, FACT),
      value: finite(message.value, `${place}.value`),
    }),
  });
}

function reasonToCore(message: ReasonMessage, path: string): Reason {
  return {
    text: text(message.text, `${path}.text`),
    evidence: allEvidence(message.evidence, `${path}.evidence`),
  };
}

function opinionToCore(message: OpinionMessage, path: string): Opinion {
  return {
    stance: stanceToCore(present(message.stance, `${path}.stance`), `${path}.stance`),
    confidenceBp: basisPoints(message.confidenceBp, `${path}.confidenceBp`),
    reasons: list(message.reasons, `${path}.reasons`, { cap: MAX_REASONS, item: reasonToCore }),
  };
}

function challengeToCore(message: ChallengeMessage, path: string): Challenge {
  return {
    to: roles.toCore(message.to, `${path}.to`),
    text: text(message.text, `${path}.text`),
    evidence: allEvidence(message.evidence, `${path}.evidence`),
  };
}

function answerToCore(message: AnswerMessage, path: string): Answer {
  return {
    to: roles.toCore(message.to, `${path}.to`),
    concedes: present(message.concedes, `${path}.concedes`),
    text: text(message.text, `${path}.text`),
    evidence: allEvidence(message.evidence, `${path}.evidence`),
  };
}

function revisionToCore(message: RevisionMessage, path: string): Revision {
  const { movedBy } = message;
  return {
    ...opinionToCore(present(message.opinion, `${path}.opinion`), path),
    movedBy: movedBy === undefined ? null : roles.toCore(movedBy, `${path}.movedBy`),
    newEvidence: allEvidence(message.newEvidence, `${path}.newEvidence`),
  };
}

function ballotToCore(message: BallotMessage, path: string): Ballot {
  const { veto } = message;
  return {
    choice: choices.toCore(message.choice, `${path}.choice`),
    confidenceBp: basisPoints(message.confidenceBp, `${path}.confidenceBp`),
    veto:
      veto === undefined
        ? null
        : {
            code: matching(veto.code, `${path}.veto.code`, VETO_CODE),
            text: text(veto.text, `${path}.veto.text`),
          },
    strikes: list(message.strikes, `${path}.strikes`, {
      cap: 7,
      item: (strike, place) => ({
        role: roles.toCore(strike.role, `${place}.role`),
        text: text(strike.text, `${place}.text`),
      }),
    }),
    reason: text(message.reason, `${path}.reason`),
  };
}
