import type { Watch } from './character.ts';
import { mindOf } from './mind-of.ts';
import { marketCap, newsSentiment, socialSentiment } from './senses/news.ts';

const WATCHES: readonly Watch[] = [
  { sense: newsSentiment, weight: 3 },
  { sense: socialSentiment, weight: 1.5 },
  { sense: marketCap, weight: 2 },
];

/** Reads the digest of news and social sentiment. Without a source it says so and abstains. */
export const fundamentalAnalyst = mindOf({
  role: 'fundamental_analyst',
  openness: 0.7,
  watches: () => WATCHES,
  silentWhy: ({ news }) => {
    if (news === null) return 'no news source';
    const { newsSentiment: read, socialSentiment: social, marketCapChange } = news;
    return read === null && social === null && marketCapChange === null ? 'no news to read' : null;
  },
});
