/** The three forms of a report. Failure would look like: forms that say different things, a name
 * that becomes markup, or half a file on a disk where a report should be. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { inflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { differenceFixture } from './assessment.fixture.ts';
import { factsOf, headlineOf } from './facts.ts';
import { renderHtml } from './html.ts';
import type { ReportInput } from './input.ts';
import { renderJson } from './json.ts';
import { escaped, renderMarkdown } from './markdown.ts';
import type { Detail, PageData } from './page-data.ts';
import { reportFixture } from './report.fixture.ts';
import { wilson } from './scores.ts';
import { reportForm, writeReport } from './write.ts';

const folder = mkdtempSync(join(tmpdir(), 'corro-report-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SMALL = reportFixture({ candles: 300, decisions: 70, gear: 'full' });

/** The same run under another name of its strategy. */
function named(name: string): ReportInput {
  const { result, assessment } = SMALL;
  const strategy = { ...result.strategy, name };
  return { ...SMALL, result: { ...result, strategy }, assessment: { ...assessment, name } };
}

/** The text of a script of the page that is not run. */
function scriptOf(html: string, id: string): string {
  const start = html.indexOf(`id="${id}">`) + `id="${id}">`.length;
  return html.slice(start, html.indexOf('</script>', start));
}

describe('what is no test, or not known', () => {
  test('a model judged on what it was fitted on - said in every form, before all else', () => {
    const { name } = SMALL.result.strategy;
    const inSample = { strategies: [name], trainedToMs: Date.UTC(2024, 5, 1), fromMs: 0 };
    const seen: ReportInput = { ...SMALL, inSample };
    const facts = factsOf(seen);
    expect(facts.headline).toMatch(/^In sample: After costs/);
    expect(facts.findings[0]).toContain('IN SAMPLE: the model that');
    expect(renderMarkdown(seen)).toContain('IN SAMPLE: the model that');
    expect(renderHtml(seen)).toContain('IN SAMPLE: the model that');
    expect(JSON.parse(renderJson(seen))).toMatchObject({ inSample });
    expect(JSON.parse(renderJson(SMALL))).toMatchObject({ inSample: null });
    const beside = factsOf({ ...SMALL, inSample: { ...inSample, strategies: ['ml'] } });
    expect(beside.headline).toBe(factsOf(SMALL).headline);
    expect(beside.findings[0]).toContain('the model that ml asked');
  });

  test('a probability from which the trials were not taken off - is not one of no luck', () => {
    const { assessment } = SMALL;
    const deflated = { ...assessment.deflated, trials: 37, deflated: null, probabilistic: 0.97 };
    const words = factsOf({ ...SMALL, assessment: { ...assessment, deflated } }).findings.join();
    expect(words).not.toContain('more than luck');
    expect(words).toContain('were it the only trial; what 37 trials take off that is not known');
  });
});

describe('the headline', () => {
  const against = (growth: number, reach: number) => {
    const { assessment } = SMALL;
    const arms = assessment.arms.map((arm) =>
      arm.name === 'hold' ? { ...arm, difference: differenceFixture(growth, reach) } : arm,
    );
    return headlineOf({ ...assessment, arms });
  };

  test('says what is shown and not what is hoped', () => {
    expect(against(0.3, 0.1)).toBe(
      'After costs, the council did better than holding, ' +
        'and its debate adds nothing that can be shown.',
    );
    expect(against(-0.3, 0.1)).toContain('did worse than holding');
    expect(against(0.1, 0.4)).toContain(
      'cannot be told from holding by its growth, and its debate',
    );
  });

  test('growth that shows nothing - says what was done for the risk, if that is shown', () => {
    // Here the Sharpe ratios differ by four times the growth, give or take one.
    expect(against(-0.3, 0.4)).toContain('by its growth, did worse for the risk it took, and its');
    expect(against(0.3, 0.4)).toContain('by its growth, did better for the risk it took, and its');
  });

  test('without arms and debates - says that it cannot say', () => {
    expect(headlineOf({ ...SMALL.assessment, name: 'x', arms: [], debate: null })).toBe(
      'After costs, x has too little to be compared with holding.',
    );
  });
});

describe('markdown', () => {
  test('holds every fact of the page', () => {
    const text = renderMarkdown(SMALL);
    const facts = factsOf(SMALL);
    const tables = [facts.measures, facts.luck, ...facts.arms, ...facts.assistants, ...facts.made];
    for (const { rows } of tables) {
      for (const cell of rows.flat()) expect(text).toContain(escaped(cell));
    }
    expect(text).toContain(facts.command);
    expect(text.startsWith(`# ${facts.headline}`)).toBe(true);
  });

  test('every line of a table has as many cells as its heading', () => {
    const paragraphs = renderMarkdown(named('a|b')).split('\n\n');
    const widths = paragraphs
      .filter((text) => text.startsWith('|'))
      .map((text) => new Set(text.split('\n').map((line) => line.split(/(?<!\\)\|/).length)));
    expect(widths.length).toBeGreaterThan(10);
    expect(widths.every((width) => width.size === 1)).toBe(true);
  });

  test('a hostile name - stays text', () => {
    const text = renderMarkdown(named('<img src=x onerror=alert(1)>\n# [x](javascript:y)'));
    expect(text).not.toMatch(/(?<!\\)<img/);
    expect(text).not.toMatch(/^# \\?\[x/m);
    expect(text).not.toMatch(/(?<!\\)\[x\]\(/);
  });

  test('a command that holds a fence - fenced by more', () => {
    expect(renderMarkdown({ ...SMALL, command: 'echo ```x```' })).toContain(
      '````sh\necho ```x```\n````',
    );
  });
});

test('json - the whole result and assessment, nothing rounded', () => {
  const report = JSON.parse(renderJson(SMALL)) as Record<string, unknown>;
  expect(report['result']).toEqual(SMALL.result);
  expect(report['assessment']).toEqual(SMALL.assessment);
  expect(report['headline']).toBe(factsOf(SMALL).headline);
});

describe('html', () => {
  test('a hostile name - is in the data alone, and cannot leave it', () => {
    const name = '</script><script>alert(1)</script>\u2028<!--';
    const html = renderHtml(named(name));
    expect(html).not.toContain('alert(1)</script>\u2028');
    const page = JSON.parse(scriptOf(html, 'page')) as PageData;
    expect(page.facts.subject).toContain(name);
    const plain = renderHtml(SMALL);
    expect(html.split('<script').length).toBe(plain.split('<script').length);
  });

  test('may fetch nothing, and names no place to fetch from', () => {
    const html = renderHtml(SMALL);
    expect(html).toContain(`content="default-src 'none'; script-src 'sha256-`);
    expect(html.match(/\b(src|href|action|data)="(?!#)/g)).toBeNull();
    expect(html.match(/@import|url\(/g)).toBeNull();
  });

  test('the script is one module that parses, where no name stands twice', () => {
    const html = renderHtml(SMALL);
    const script = html.slice(html.indexOf('<script type="module">') + 22).split('</script>')[0];
    // In a block of a strict function two functions of one name are an error, as in a module.
    expect(() => new Script(`'use strict'; {\n${script}\n}`)).not.toThrow();
    expect(script).not.toMatch(/^(import|export)\b/m);
  });

  test('every decision has its words, none has ids of mail', () => {
    const html = renderHtml(SMALL);
    const pieces = ['d0', 'd1'].flatMap((id) => {
      const packed = Buffer.from(scriptOf(html, id), 'base64');
      return JSON.parse(inflateRawSync(packed).toString()) as Detail[];
    });
    const { decisions } = SMALL.result;
    expect(pieces).toHaveLength(decisions.length);
    for (const [at, { said, votes }] of pieces.entries()) {
      const council = decisions[at]?.council;
      expect(said?.map(({ role, kind }) => [role, kind])).toEqual(
        council?.transcript?.map(({ role, kind }) => [role, kind]),
      );
      expect(votes).toEqual(council?.judgement?.votes);
      expect(JSON.stringify(said)).not.toContain('messageId');
    }
  });

  test('lean - no words, but where each assistant stood', () => {
    const html = renderHtml(reportFixture({ candles: 300, decisions: 10, gear: 'lean' }));
    const packed = Buffer.from(scriptOf(html, 'd0'), 'base64');
    const [detail] = JSON.parse(inflateRawSync(packed).toString()) as Detail[];
    expect(detail?.said).toBeNull();
    expect(detail?.calls).toHaveLength(7);
  });

  test('a run without decisions, trades, markets and hold - still a page', () => {
    const { result, assessment } = reportFixture({ candles: 10, decisions: 0, gear: 'lean' });
    const html = renderHtml({ ...SMALL, result, assessment, markets: [], hold: null });
    expect(html).toContain('</html>');
  });
});

describe('writing a report', () => {
  test.each([
    ['a.html', '<!doctype html>'],
    ['a.md', '# After costs'],
    ['a.JSON', '{"version":2'],
  ])('%s - in the form its name says', (name, opening) => {
    writeReport(join(folder, name), SMALL);
    expect(readFileSync(join(folder, name), 'utf8').startsWith(opening)).toBe(true);
  });

  test.each(['report', 'report.pdf', '.html'])('%s - says no form, refused at once', (path) => {
    expect(() => reportForm(path)).toThrow(`must end in one of .html, .htm, .md`);
  });

  test('what cannot be rendered - the old report stands, nothing lies beside it', () => {
    const path = join(folder, 'kept.html');
    writeFileSync(path, 'old');
    const before = readdirSync(folder);
    const { curve } = SMALL.result;
    const equity = curve.equity.map(() => Number.NaN);
    const result = { ...SMALL.result, curve: { ...curve, equity } };
    expect(() => writeReport(path, { ...SMALL, result })).toThrow('must be finite');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(before);
  });

  test('a folder that is not there - says so', () => {
    const path = join(folder, 'nowhere', 'a.html');
    expect(() => writeReport(path, SMALL)).toThrow('there is no such folder');
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk - an error that names the file', () => {
    const path = join(folder, 'full.md');
    symlinkSync('/dev/full', path);
    expect(() => writeReport(path, SMALL)).toThrow(`${path} was not written`);
  });
});

test('the interval of a share - as Wilson has it', () => {
  // 10 of 100: the textbook's example.
  const { low, high } = wilson(0.1, 100);
  expect(low).toBeCloseTo(0.0552, 3);
  expect(high).toBeCloseTo(0.1744, 3);
  expect(wilson(0, 5).low).toBe(0);
});
