import type { AnswerVerb } from '../../core/debate/answer.ts';

const KEYS: Readonly<Record<string, Exclude<AnswerVerb, 'modify'>>> = { a: 'approve', r: 'reject' };
const CTRL_C = '\u0003';

export interface Keyboard {
  /** Tells of every answer key from now on; returns how to stop. */
  listen(hear: (verb: Exclude<AnswerVerb, 'modify'>) => void): () => void;
  close(): void;
}

/** Single keys from the terminal; `null` where there is none. Ctrl-C keeps its meaning. */
export function openKeyboard(interrupt: () => void): Keyboard | null {
  const { stdin } = process;
  if (stdin.isTTY !== true) return null;
  const listeners = new Set<(verb: Exclude<AnswerVerb, 'modify'>) => void>();
  const hear = (typed: Buffer): void => {
    for (const key of typed.toString()) {
      if (key === CTRL_C) interrupt();
      const verb = KEYS[key.toLowerCase()];
      if (verb) for (const listener of listeners) listener(verb);
    }
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('data', hear);
  return {
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      stdin.off('data', hear);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
