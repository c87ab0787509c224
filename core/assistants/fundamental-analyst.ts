import { mindOf } from './mind-of.ts';
import { marketCap, newsSentiment, socialSentiment } from './senses/news.ts';

/** Reads the digest of news and social sentiment. Without a source it says so and abstains. */
export const fundamentalAnalyst = mindOf({
  role: 'fundamental_analyst',
  openness: 0.7,
  watches: () => [
    { sense: newsSentiment, weight: 3 },
    { sense: socialSentiment, weight: 1.5 },
    { sense: marketCap, weight: 2 },
  ],
  silentWhy: ({ news }) => {
    if (news === null) return 'no news source';
    const { newsSentiment: read, socialSentiment: social, marketCapChange } = news;
    return read === null && social === null && marketCapChange === null ? 'no news to read' : null;
  },
});
