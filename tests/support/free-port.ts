/** A port of 127.0.0.1 for this test file alone, as a stack would choose it. */
export { freePort } from '../../ops/stack/ports.ts';
