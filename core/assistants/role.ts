/** The seven assistants, in the order every list, table and tally keeps. */
export const ROLES = [
  'market_monitor',
  'technical_analyst',
  'fundamental_analyst',
  'risk_manager',
  'strategist',
  'executor',
  'auditor',
] as const;

export type Role = (typeof ROLES)[number];

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
