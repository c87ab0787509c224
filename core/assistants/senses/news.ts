import { clamp, went } from '../figures.ts';
import { cite, quiet, type Sense, senseOf } from './sense.ts';

function moodOf(value: number): string {
  if (Math.abs(value) < 0.1) return 'neutral';
  return value > 0 ? 'good' : 'bad';
}

function sentiment(fact: string, name: string): Sense {
  return senseOf((snapshot) => {
    const cited = cite(snapshot, [fact]);
    if (cited === null) return null;
    const [value] = cited.values;
    const lean = clamp(1.5 * value, -1, 1);
    const words = () => `${name} sentiment ${value.toFixed(2)} is ${moodOf(value)}`;
    return { lean, caution: quiet(lean), words, evidence: cited.evidence };
  });
}

export const newsSentiment = sentiment('news.newsSentiment', 'news');
export const socialSentiment = sentiment('news.socialSentiment', 'social');

/** Change of the whole market's value over a day; 5 % is a full lean. */
export const marketCap = senseOf((snapshot) => {
  const cited = cite(snapshot, ['news.marketCapChange']);
  if (cited === null) return null;
  const [change] = cited.values;
  const lean = clamp(change / 0.05, -1, 1);
  const words = () => `market value ${went(change)} in a day`;
  return { lean, caution: quiet(lean), words, evidence: cited.evidence };
});
