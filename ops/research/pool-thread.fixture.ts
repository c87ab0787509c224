import { CorroError } from '../../proto/errors.ts';
import { serveTasks } from './thread.ts';

/** What the pool's test has its threads do, well and badly. */
export type Chore =
  | { readonly kind: 'sum'; readonly from: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'throw' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'die' }
  | { readonly kind: 'for ever' };

serveTasks<Chore, number, Float64Array>(async (chore, numbers, progress) => {
  switch (chore.kind) {
    case 'sum':
      progress(1);
      return numbers.subarray(chore.from).reduce((sum, one) => sum + one, 0);
    case 'wait':
      await new Promise((resolve) => setTimeout(resolve, chore.ms));
      return chore.ms;
    case 'throw':
      throw new Error('thrown on purpose');
    case 'refuse':
      throw new CorroError('bad_configuration', 'refused on purpose');
    case 'die':
      process.exit(7);
      break;
    case 'for ever':
      for (;;) if (numbers[0] === -1) return 0;
  }
});
