import { extname } from 'node:path';
import { CorroError } from '../../../proto/errors.ts';
import { writeWhole } from '../files.ts';
import { htmlChunks } from './html.ts';
import type { ReportInput } from './input.ts';
import { jsonChunks } from './json.ts';
import { renderMarkdown } from './markdown.ts';

type Render = (input: ReportInput) => Iterable<string>;

const FORMS: Readonly<Record<string, Render>> = {
  '.html': htmlChunks,
  '.htm': htmlChunks,
  '.md': (input) => [renderMarkdown(input)],
  '.markdown': (input) => [renderMarkdown(input)],
  '.json': jsonChunks,
};

/** How a report of this name is rendered. A name that says no form is refused here, before a long
 * run rather than after it. */
export function reportForm(path: string): Render {
  const form = FORMS[extname(path).toLowerCase()];
  if (form !== undefined) return form;
  const known = Object.keys(FORMS).join(', ');
  throw new CorroError('usage', `a report must end in one of ${known}, was ${path}`);
}

/** Writes a report, whole or not at all. A full disk or a folder that cannot be written to is a
 * `CorroError` that names the file. */
export function writeReport(path: string, input: ReportInput): void {
  writeWhole(path, reportForm(path)(input));
}
