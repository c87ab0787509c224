import { clamp, went } from '../figures.ts';
import { cite, quiet, type Sense } from './sense.ts';

function sentiment(fact: string, name: string): Sense {
  return (snapshot) => {
    const cited = cite(snapshot, [fact]);
    if (cited === null) return null;
    const [value] = cited.values;
    const lean = clamp(1.5 * value, -1, 1);
    const mood = Math.abs(value) < 0.1 ? 'neutral' : value > 0 ? 'good' : 'bad';
    const text = `${name} sentiment ${value.toFixed(2)} is ${mood}`;
    return { lean, caution: quiet(lean), text, evidence: cited.evidence };
  };
}

export const newsSentiment = sentiment('news.newsSentiment', 'news');
export const socialSentiment = sentiment('news.socialSentiment', 'social');

/** Change of the whole market's value over a day; 5 % is a full lean. */
export const marketCap: Sense = (snapshot) => {
  const cited = cite(snapshot, ['news.marketCapChange']);
  if (cited === null) return null;
  const [change] = cited.values;
  const lean = clamp(change / 0.05, -1, 1);
  const text = `market value ${went(change)} in a day`;
  return { lean, caution: quiet(lean), text, evidence: cited.evidence };
};
