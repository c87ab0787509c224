import { isRole } from '../assistants/role.ts';
import { ACTIONS, type Utterance } from '../assistants/speech.ts';

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, unknown>>;

const MOST_ITEMS = 64;

/** Whether a stored utterance is what its type says. What is recorded was checked at the wire;
 * this is the judge's own door, so that no record can make it throw or count nonsense. */
export function wellFormed(said: Utterance): boolean {
  const loose: Fields = { ...said };
  if (typeof loose.role !== 'string' || !isRole(loose.role)) return false;
  if (!isWhole(loose.round, 1, 100)) return false;
  const check = CONTENT[said.kind];
  if (check === undefined) return false;
  return said.kind === 'rebuttal'
    ? check(said.content)
    : said.content === null || check(said.content);
}

const isText: Check = (value) => typeof value === 'string';
const isBp: Check = (value) => isWhole(value, 0, 10_000);
const isRoleName: Check = (value) => typeof value === 'string' && isRole(value);
const isFinite: Check = (value) => Number.isFinite(value);

const isEvidence: Check = (value) => isFields(value) && isText(value.fact) && isFinite(value.value);
const isReason: Check = (value) =>
  isFields(value) && isText(value.text) && isListOf(value.evidence, isEvidence);
const isStance: Check = (value) =>
  isFields(value) &&
  [value.buyBp, value.sellBp, value.holdBp].every(isBp) &&
  Number(value.buyBp) + Number(value.sellBp) + Number(value.holdBp) === 10_000;
const isOpinion: Check = (value) =>
  isFields(value) &&
  isStance(value.stance) &&
  isBp(value.confidenceBp) &&
  isListOf(value.reasons, isReason);
const isChallenge: Check = (value) =>
  isFields(value) &&
  isRoleName(value.to) &&
  isText(value.text) &&
  isListOf(value.evidence, isEvidence);
const isAnswer: Check = (value) =>
  isChallenge(value) && isFields(value) && typeof value.concedes === 'boolean';
const isRevision: Check = (value) =>
  isOpinion(value) &&
  isFields(value) &&
  (value.movedBy === null || isRoleName(value.movedBy)) &&
  isListOf(value.newEvidence, isEvidence);
const isVeto: Check = (value) => isFields(value) && isText(value.code) && isText(value.text);
const isStrike: Check = (value) => isFields(value) && isRoleName(value.role) && isText(value.text);
const isBallot: Check = (value) =>
  isFields(value) &&
  [...ACTIONS, 'ABSTAIN'].includes(String(value.choice)) &&
  isBp(value.confidenceBp) &&
  (value.veto === null || isVeto(value.veto)) &&
  isListOf(value.strikes, isStrike) &&
  isText(value.reason);

const CONTENT: Readonly<Partial<Record<string, Check>>> = {
  opinion: isOpinion,
  challenge: isChallenge,
  rebuttal: (value) => isListOf(value, isAnswer),
  revision: isRevision,
  ballot: isBallot,
} satisfies Record<Utterance['kind'], Check>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, check: Check): boolean {
  return Array.isArray(value) && value.length <= MOST_ITEMS && value.every(check);
}

function isWhole(value: unknown, low: number, high: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high;
}
