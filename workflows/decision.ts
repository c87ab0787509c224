/** The workflows of the decision queue. */
export { docketWorkflow } from './docket.ts';
export { escalationWorkflow } from './escalation.ts';
export { marketScanWorkflow } from './market-scan.ts';
