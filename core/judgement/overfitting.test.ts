import { describe, expect, test } from 'vitest';
import { momentsOf, sharpeOf } from './moments.ts';
import { probabilityOfOverfitting, type TrialBlocks, trialBlocks } from './overfitting.ts';
import { walkOf } from './run.fixture.ts';

// Failure here looks like: a sweep over noise that is told its winner has substance.

function trialsOf(all: readonly (readonly number[])[], blocks: number): TrialBlocks[] {
  return all.map((values) => trialBlocks(Float64Array.from(values), blocks) as TrialBlocks);
}

/** `count` strategies without skill, 480 returns each. */
function noise(seed: string, count: number): number[][] {
  return Array.from({ length: count }, (_, trial) => walkOf(`${seed} ${trial}`, { count: 480 }));
}

/** The definition, word for word, over the returns themselves. */
function byDefinition(all: readonly number[][], blocks: number): { pbo: number; loss: number } {
  const size = (all[0]?.length ?? 0) / blocks;
  let [splits, overfit, losses] = [0, 0, 0];
  for (let mask = 0; mask < 1 << blocks; mask += 1) {
    const chosen = Array.from({ length: blocks }, (_, block) => (mask >> block) & 1);
    if (chosen.filter((bit) => bit === 1).length !== blocks / 2) continue;
    const part = (bit: number): number[] =>
      all.map((values) => {
        const kept = values.filter((_, at) => chosen[Math.floor(at / size)] === bit);
        return sharpeOf(momentsOf(Float64Array.from(kept))) ?? 0;
      });
    const [inside, outside] = [part(1), part(0)];
    const best = inside.indexOf(Math.max(...inside));
    const below = outside.filter((value) => value < (outside[best] as number)).length;
    const share = (below + 1) / (all.length + 1);
    splits += 1;
    if (Math.log(share / (1 - share)) <= 0) overfit += 1;
    if ((outside[best] as number) < 0) losses += 1;
  }
  return { pbo: overfit / splits, loss: losses / splits };
}

describe('probability of overfitting', () => {
  test('a small sweep - as the definition has it, split by split', () => {
    const all = noise('small', 7);
    const found = probabilityOfOverfitting(trialsOf(all, 8));
    const expected = byDefinition(all, 8);
    expect(found).toMatchObject({ trials: 7, blocks: 8, splits: 70 });
    expect(found?.probability).toBeCloseTo(expected.pbo, 12);
    expect(found?.lossProbability).toBeCloseTo(expected.loss, 12);
    expect(found?.rankCounts.reduce((sum, count) => sum + count, 0)).toBe(70);
  });

  test('sixteen blocks - 12,870 ways to halve them', () => {
    expect(probabilityOfOverfitting(trialsOf(noise('many', 3), 16))?.splits).toBe(12_870);
  });

  test('nothing but noise, many sweeps - about one half; what promised more kept less', () => {
    const sweeps = Array.from({ length: 40 }, (_, sweep) =>
      probabilityOfOverfitting(trialsOf(noise(`sweep ${sweep}`, 20), 8)),
    );
    const mean = sweeps.reduce((sum, found) => sum + (found?.probability ?? 0), 0) / sweeps.length;
    expect(mean).toBeGreaterThan(0.4);
    expect(mean).toBeLessThan(0.75);
    const falling = sweeps.filter((found) => (found?.degradation?.slope ?? 0) < 0);
    expect(falling.length).toBeGreaterThan(30);
  });

  test('one strategy with substance among noise - never overfit', () => {
    const skilled = walkOf('skill', { count: 480, mean: 0.005 });
    const found = probabilityOfOverfitting(trialsOf([...noise('with', 19), skilled], 8));
    expect(found).toMatchObject({ probability: 0, lossProbability: 0 });
  });

  test('trials that are all alike - the chosen is in the middle, which counts as overfit', () => {
    const same = walkOf('same', { count: 160 });
    const found = probabilityOfOverfitting(trialsOf([same, same, same], 8));
    expect(found?.probability).toBe(1);
  });

  test('trials that never traded - rank as 0, nothing is NaN', () => {
    const idle = new Array(160).fill(0);
    const found = probabilityOfOverfitting(trialsOf([idle, idle, idle], 4));
    expect(found).toMatchObject({ lossProbability: 0, degradation: null });
    expect(Number.isFinite(found?.probability)).toBe(true);
  });

  test('blocks - of nearly one length, and they hold every return', () => {
    const values = Float64Array.from({ length: 103 }, (_, at) => at);
    const found = trialBlocks(values, 10) as TrialBlocks;
    expect(Math.max(...found.counts) - Math.min(...found.counts)).toBeLessThanOrEqual(1);
    expect(found.counts.reduce((sum, count) => sum + count, 0)).toBe(103);
    expect(found.sums.reduce((sum, one) => sum + one, 0)).toBe((102 * 103) / 2);
  });

  test('too little to say - null; blocks that cannot be - refused', () => {
    expect(probabilityOfOverfitting(trialsOf(noise('one', 1), 8))).toBeNull();
    expect(trialBlocks(new Float64Array(31))).toBeNull();
    expect(() => trialBlocks(new Float64Array(100), 7)).toThrow('from 2 to 20, was 7');
    const uneven = [...trialsOf([[1, 2, 3, 4]], 2), ...trialsOf([[1, 2, 3, 4, 5]], 2)];
    expect(() => probabilityOfOverfitting(uneven)).toThrow('the same blocks of returns');
  });
});
