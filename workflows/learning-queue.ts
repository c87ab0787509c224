export { learningWorkflow } from './learning.ts';
