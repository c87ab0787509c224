import { auditor } from './auditor.ts';
import { executor } from './executor.ts';
import { fundamentalAnalyst } from './fundamental-analyst.ts';
import { marketMonitor } from './market-monitor.ts';
import type { CharacterMind } from './mind-of.ts';
import { riskManager } from './risk-manager.ts';
import type { Role } from './role.ts';
import { strategist } from './strategist.ts';
import { technicalAnalyst } from './technical-analyst.ts';

/** The seven pure minds, by role. */
export const minds: Readonly<Record<Role, CharacterMind>> = {
  market_monitor: marketMonitor,
  technical_analyst: technicalAnalyst,
  fundamental_analyst: fundamentalAnalyst,
  risk_manager: riskManager,
  strategist,
  executor,
  auditor,
};
