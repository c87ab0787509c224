/** Numbers as they lie between the trainer and us (training/corro_training/table.py): one line of
 * JSON that says what they are, then 64-bit little-endian floats row by row. */
export interface Table {
  readonly header: Readonly<Record<string, unknown>> & TableHeader;
  readonly numbers: Float64Array;
}

interface TableHeader {
  readonly format: string;
  readonly rows: number;
  readonly columns: readonly string[];
}

const NEW_LINE = 10;

/** The table of such bytes. Throws a `RangeError` when they are none of that format, or not
 * whole. */
export function readTable(bytes: Uint8Array, format: string): Table {
  const end = bytes.indexOf(NEW_LINE);
  const header = headerOf(bytes.subarray(0, Math.max(0, end)));
  if (header === null || header.format !== format) {
    throw new RangeError(`must begin with a line that says ${format}`);
  }
  const expected = header.rows * header.columns.length * Float64Array.BYTES_PER_ELEMENT;
  const held = bytes.length - end - 1;
  if (held !== expected) {
    throw new RangeError(`must hold ${expected} bytes of numbers, held ${held}`);
  }
  // A copy: numbers must begin at a multiple of eight, and bytes begin anywhere.
  const numbers = new Float64Array(new Uint8Array(bytes.subarray(end + 1)).buffer);
  return { header, numbers };
}

function headerOf(line: Uint8Array): Table['header'] | null {
  try {
    const header = JSON.parse(new TextDecoder().decode(line)) as Partial<TableHeader> | null;
    const { rows = -1, columns } = header ?? {};
    if (!Number.isSafeInteger(rows) || rows < 0 || !Array.isArray(columns)) return null;
    return header as Table['header'];
  } catch {
    return null;
  }
}
