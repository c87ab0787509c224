/** Reports in a real browser. Failure would look like: an empty chart, a page that asks the network
 * for something, a decision that does not open, a name that runs as a script. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ReportInput } from '../ops/research/report/input.ts';
import { reportFixture } from '../ops/research/report/report.fixture.ts';
import { writeReport } from '../ops/research/report/write.ts';
import { chromiumPath } from './support/chromium.ts';

const BROWSER = chromiumPath();
const folder = mkdtempSync(join(tmpdir(), 'corro-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FULL = reportFixture({ candles: 3_000, decisions: 200, gear: 'full' });
const LEAN = reportFixture({ candles: 3_000, decisions: 200, gear: 'lean' });
const LARGE = reportFixture({ candles: 70_000, decisions: 7_000, gear: 'full' });

/** A page, and what went wrong in it or was asked of a network. */
interface Opened {
  readonly page: Page;
  readonly faults: readonly string[];
  readonly asked: readonly string[];
}

interface Manner {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

describe.skipIf(BROWSER === null)('reports (skipped where no chromium is on the path)', () => {
  let browser: Browser;
  let opened: Opened[] = [];

  beforeAll(async () => {
    // Its own sandbox needs rights that a container does not give; the page is our own.
    const args = ['--no-sandbox'];
    browser = await chromium.launch({ executablePath: BROWSER ?? '', args });
  });

  afterAll(() => browser.close());

  afterEach(async () => {
    const faults = opened.flatMap((one) => one.faults);
    const asked = opened.flatMap((one) => one.asked);
    for (const { page } of opened) await page.context().close();
    opened = [];
    expect(faults).toEqual([]);
    expect(asked).toEqual([]);
  });

  async function open(input: ReportInput, manner: Manner = {}): Promise<Page> {
    const path = join(folder, `${opened.length}.html`);
    writeReport(path, input);
    const { colorScheme = 'light', width = 1_280 } = manner;
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(120_000);
    await context.setOffline(true);
    const page = await context.newPage();
    const faults: string[] = [];
    const asked: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('dialog', (dialog) => {
      faults.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) asked.push(request.url());
    });
    opened.push({ page, faults, asked });
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector('html[data-ready="yes"]');
    return page;
  }

  test.each(['light', 'dark'] as const)('%s - every chart is painted', async (colorScheme) => {
    const page = await open(FULL, { colorScheme });
    const { accent, muted } = INKS[colorScheme];
    const [worth, drawdown, price] = await page.locator('canvas.chart').all();
    for (const curve of [worth, drawdown]) {
      await expect.poll(() => painted(curve as Locator, accent)).toBeGreaterThan(0.8);
    }
    await expect.poll(() => painted(price as Locator, muted)).toBeGreaterThan(0.2);
    expect(await page.locator('.diagram .dot').count()).toBe(6);
    const picture = await page.screenshot({
      path: join(folder, `${colorScheme}.png`),
      fullPage: true,
    });
    expect(picture.length).toBeGreaterThan(50_000);
    const dark = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(dark).toBe(colorScheme === 'dark' ? 'rgb(21, 21, 20)' : 'rgb(253, 252, 250)');
  });

  test('the toggle - the other theme, charts too, and it is remembered', async () => {
    const page = await open(FULL);
    const chart = page.locator('#worth canvas').first();
    const light = await chart.screenshot();
    await page.click('#theme');
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    await expect.poll(async () => (await chart.screenshot()).equals(light)).toBe(false);
    await page.reload();
    await page.waitForSelector('html[data-theme="dark"]');
    await page.click('#theme');
    expect(await page.locator('html').getAttribute('data-theme')).toBe('light');
  });

  test('a decision that is clicked - shows every word of its debate', async () => {
    const page = await open(FULL);
    await page.locator('.row').nth(5).click();
    const shown = page.locator('#opened');
    await shown.locator('h4').first().waitFor();
    const text = (await shown.textContent()) ?? '';
    const council = FULL.result.decisions[5]?.council;
    const said = council?.transcript ?? [];
    expect(said.length).toBeGreaterThan(0);
    for (const { kind, content } of said) {
      if (kind === 'opinion')
        for (const reason of content?.reasons ?? []) expect(text).toContain(reason.text);
      if (kind === 'challenge') expect(text).toContain(content?.text);
      if (kind === 'rebuttal') expect(text).toContain(content[0]?.text);
      if (kind === 'ballot') expect(text).toContain(content?.reason);
    }
    for (const vote of council?.judgement?.votes ?? []) expect(text).toContain(vote.why);
    expect(text).toContain('vote without debate');
    expect(text).toContain('model alone');
  });

  test('a lean run - says why there are no words', async () => {
    const page = await open(LEAN);
    await page.locator('.row').first().click();
    await page.locator('#opened .lean').waitFor();
    const text = await page.locator('#opened').textContent();
    expect(text).toContain('lean gear');
    expect(text).toContain('Where they stood');
  });

  test('filters and search - leave what is asked for', async () => {
    const page = await open(FULL);
    const { decisions } = FULL.result;
    const sales = decisions.filter(({ action }) => action === 'SELL');
    await page.selectOption('select[aria-label="All actions"]', 'SELL');
    expect(await page.locator('.count').textContent()).toBe(`${sales.length} of 200`);
    expect(new Set(await page.locator('.row .action').allTextContents())).toEqual(
      new Set(['SELL']),
    );
    await page.fill('input[type="search"]', 'VETOED consensus');
    const both = sales.filter(
      ({ followUp, council }) =>
        [followUp.kind === 'nothing' ? followUp.why : '', council?.verdict].includes('vetoed') &&
        council?.verdict.includes('consensus') === true,
    );
    expect(both.length).toBeGreaterThan(0);
    expect(await page.locator('.count').textContent()).toBe(`${both.length} of 200`);
    await page.fill('input[type="search"]', 'nobody ever said this');
    expect(await page.locator('.count').textContent()).toBe('0 of 200');
    expect(await page.locator('.row').count()).toBe(0);
  });

  test('keys alone - find and open a decision, and move a chart', async () => {
    const page = await open(FULL);
    await page.locator('.list').focus();
    for (const key of ['End', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
    await page.locator('#opened h4').first().waitFor();
    expect(await page.locator('.row[aria-selected="true"]').getAttribute('aria-posinset')).toBe(
      '199',
    );
    const chart = page.locator('#prices canvas');
    const readout = page.locator('#prices .readout');
    await chart.focus();
    const before = await readout.textContent();
    for (const key of ['+', '+', 'ArrowLeft', 'Shift+ArrowLeft']) await page.keyboard.press(key);
    await expect.poll(() => readout.textContent()).not.toBe(before);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#opened .eyebrow').textContent()).toMatch(/SIMA\/USDT$/);
  });

  test('a hostile name - is shown, and does nothing', async () => {
    const name = '</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028';
    const { result, assessment } = FULL;
    const strategy = { ...result.strategy, name, parameters: { [name]: name } };
    const decisions = result.decisions.map((decision) => ({ ...decision, why: name }));
    const page = await open({
      ...FULL,
      command: name,
      result: { ...result, strategy, decisions },
      assessment: { ...assessment, name },
    });
    expect(await page.locator('#headline').textContent()).toContain(name);
    expect(await page.locator('#command').textContent()).toBe(name);
    await page.locator('.row').first().click();
    await page.locator('#opened .lead').waitFor();
    expect(await page.locator('#opened .lead').textContent()).toBe(name);
    expect(await page.locator('img').count()).toBe(0);
  });

  test('70,000 candles and 7,000 decisions - a file of a few megabytes that works', async () => {
    const page = await open(LARGE);
    expect(statSync(join(folder, '0.html')).size).toBeLessThan(15_000_000);
    expect(await page.locator('.count').textContent()).toBe('7,000 of 7,000');
    expect(await page.locator('.row').count()).toBeLessThan(60);
    const chart = page.locator('#prices canvas');
    await expect.poll(() => painted(chart, INKS.light.muted)).toBeGreaterThan(0.2);
    const whole = await chart.screenshot();
    for (let times = 0; times < 8; times += 1)
      await page.click('#prices [aria-label="Show less time"]');
    await expect.poll(async () => (await chart.screenshot()).equals(whole)).toBe(false);
    await page.click('#prices [aria-label="Show everything"]');
    await page.locator('.list').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.locator('#opened h4').first().waitFor();
  });

  test('a small screen - nothing is wider than it', async () => {
    const page = await open(FULL, { width: 390 });
    await page.locator('.row').first().click();
    await page.locator('#opened h4').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  });

  test('on paper - light, without what only a screen can use', async () => {
    const page = await open(FULL, { colorScheme: 'dark' });
    const paper = await page.pdf({ format: 'A4' });
    expect(paper.subarray(0, 5).toString()).toBe('%PDF-');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.bar').isVisible()).toBe(false);
    expect(await page.locator('.list').isVisible()).toBe(false);
    expect(await page.locator('#measures table').first().isVisible()).toBe(true);
  });

  test('a run with nothing in it - a page that says so', async () => {
    const { result, assessment } = reportFixture({ candles: 1, decisions: 0, gear: 'lean' });
    const page = await open({ ...LEAN, result, assessment, markets: [], hold: null });
    expect(await page.locator('#headline').textContent()).toContain('After costs');
    expect(await page.locator('#decisions').count()).toBe(0);
    expect(await page.locator('nav a[href="#prices"]').count()).toBe(0);
  });
});

/** The inks of both themes: a line is drawn in the accent, candles in the muted one. */
const INKS = {
  light: { accent: [10, 92, 168], muted: [102, 98, 91] },
  dark: { accent: [115, 179, 245], muted: [164, 158, 147] },
} as const;

/** The share of a chart's columns in which its ink is found. The labels below and to the right are
 * left out: they are there without any data. */
async function painted(chart: Locator, ink: readonly number[]): Promise<number> {
  return await chart.evaluate((element, [red = 0, green = 0, blue = 0]) => {
    const { width, height, getContext } = element as unknown as Canvas;
    const [right, bottom] = [Math.floor(width * 0.85), Math.floor(height * 0.85)];
    const { data } = getContext.call(element, '2d').getImageData(0, 0, right, bottom);
    const near = (at: number, want: number) => Math.abs((data[at] ?? 0) - want) < 30;
    let columns = 0;
    for (let x = 0; x < right; x += 1) {
      for (let y = 0; y < bottom; y += 1) {
        const at = (y * right + x) * 4;
        if (data[at + 3] !== 255 || !near(at, red)) continue;
        if (!near(at + 1, green) || !near(at + 2, blue)) continue;
        columns += 1;
        break;
      }
    }
    return columns / right;
  }, ink);
}

/** What is used of a canvas: these files know no browser's types. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(...area: readonly number[]): { readonly data: Uint8ClampedArray };
  };
}
