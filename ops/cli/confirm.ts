import { createInterface } from 'node:readline/promises';
import { CorroError } from '../../proto/errors.ts';

/** Asks a person before something that cannot be undone. Throws `interrupted` on anything but yes,
 * and `usage` where nobody can be asked. */
export async function confirm(
  question: string,
  { danger, refused }: { readonly danger: string; readonly refused: string },
): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new CorroError('usage', `${danger}; without a terminal say --yes`);
  }
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(question);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CorroError('interrupted', refused);
}
