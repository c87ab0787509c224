import { describe, expect, test } from 'vitest';
import { Link, LinkBroken } from './link.ts';

const never = new AbortController().signal;

describe('link', () => {
  test('link - a break ends the wait for a reply that can no longer come', async () => {
    const link = new Link();
    const reply = link.guard(new Promise<string>(() => undefined));
    link.cut();
    await expect(reply).rejects.toBeInstanceOf(LinkBroken);
    await expect(link.guard(Promise.resolve('late'))).rejects.toBeInstanceOf(LinkBroken);
  });

  test('link - who waits is woken when the server is back, or when it gives up', async () => {
    const link = new Link();
    link.cut();
    const impatient = new AbortController();
    const waits = [link.whenUp(never), link.whenUp(impatient.signal)];
    impatient.abort();
    await waits[1];
    expect(link.up).toBe(false);
    link.raise();
    await waits[0];
    await expect(link.guard(Promise.resolve('reply'))).resolves.toBe('reply');
  });
});
