import { createReadStream } from 'node:fs';

/** One line of the venue's own log, read but not believed. */
export type Line = Readonly<Record<string, unknown>>;

export interface LogSource {
  /** Hands on every whole line from number `from` on (1 is the first), oldest first. What comes
   * before it may be handed on too. */
  read(from: number, take: (line: Line) => void): Promise<void>;
}

/** Asks the venue for its log. The key reads and changes nothing. */
export function logOverHttp(url: string, key: string): LogSource {
  return {
    read: async (from, take) => {
      const address = new URL(`/control/log?from=${from}`, url);
      const signal = AbortSignal.timeout(120_000);
      const response = await fetch(address, { headers: { 'x-corro-control': key }, signal });
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw new Error(`the venue refuses its log: ${response.status}`);
      }
      await eachLine(response.body, take);
    },
  };
}

/** Reads a log file, of a venue that need not run. */
export function logInFile(path: string): LogSource {
  return {
    read: (_from, take) => eachLine(createReadStream(path, { highWaterMark: 1 << 20 }), take),
  };
}

const NEWLINE = 0x0a;

/** A last line without its end is being written: it is read the next time. */
async function eachLine(
  chunks: AsyncIterable<Uint8Array>,
  take: (line: Line) => void,
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const data = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, from)) {
      take(parse(data.toString('utf8', from, end)));
      from = end + 1;
    }
    rest = data.subarray(from);
  }
}

/** What cannot be read is a line without a number: whoever counts will miss it. */
function parse(text: string): Line {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Line) : {};
  } catch {
    return {};
  }
}
