import { styleText } from 'node:util';
import type { Role } from '../../core/assistants/role.ts';
import type { Feed } from '../../proto/feed-schemas.ts';
import { printableWithin } from './printable.ts';
import { clockText, shortDecimal } from './table.ts';

type Style = Parameters<typeof styleText>[0];

/** Where lines go, and whether colours may. */
export interface Terminal {
  readonly write: (text: string) => void;
  readonly colours: boolean;
  /** A line at the bottom may be written over; false where output is a file or a pipe. */
  readonly rewritable: boolean;
}

export function standardTerminal(stream: NodeJS.WriteStream = process.stdout): Terminal {
  const rewritable = stream.isTTY === true;
  return {
    write: (text) => void stream.write(text),
    colours: rewritable && !process.env['NO_COLOR'],
    rewritable,
  };
}

const COLOURS = { BUY: 'green', SELL: 'red', HOLD: 'gray', ABSTAIN: 'gray' } as const;
const NAME_WIDTH = 20;
const LEARNING_NEWS = {
  run_done: { says: 'has learned', style: 'cyan' },
  run_failed: { says: 'could not learn', style: ['bold', 'red'] },
  run_cancelled: { says: 'learned no further', style: 'cyan' },
  promoted: { says: 'has a new champion', style: ['bold', 'green'] },
  rolled_back: { says: 'is rolled back', style: ['bold', 'yellow'] },
  drift: { says: 'drifts from what its champion knows', style: ['bold', 'yellow'] },
} as const satisfies Record<Feed<'learning'>['news'], { says: string; style: Style }>;

/** Turns the ring's feeds into lines a person can follow: the candle, who leans where and why, what
 * was argued, the verdict, the order, the fill, the position. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #leans = new Map<string, string>();
  #candles = 0;
  #statusShown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(told: Feed): void {
    const message = printableWithin(told);
    switch (message.feed) {
      case 'candle':
        return this.#candle(message);
      case 'motion':
        return this.#motion(message);
      case 'utterance':
        return this.#utterance(message);
      case 'verdict':
        return this.#verdict(message);
      case 'escalation':
        return this.#escalation(message);
      case 'order':
        return this.#order(message);
      case 'fill':
        return this.#fill(message);
      case 'position':
        return this.#position(message);
      case 'learning':
        return this.#learning(message);
    }
  }

  /** A line that stays. */
  line(text: string): void {
    if (this.#statusShown) this.#terminal.write('\r\u001b[2K');
    this.#statusShown = false;
    this.#terminal.write(`${text}\n`);
  }

  /** A line that the next one replaces; nothing where lines cannot be replaced. */
  status(text: string): void {
    if (!this.#terminal.rewritable) return;
    this.#terminal.write(`\r\u001b[2K${this.#paint('dim', text)}`);
    this.#statusShown = true;
  }

  emphasis(text: string): void {
    this.line(this.#paint('bold', text));
  }

  #candle({ at, symbol, open, close }: Feed<'candle'>): void {
    this.#candles += 1;
    this.status(
      `${when(at)}  ${symbol} ${close} ${change(open, close)}   ${this.#candles} candles`,
    );
  }

  #motion({ at, symbol, close, trigger, debateId }: Feed<'motion'>): void {
    this.#leans.clear();
    this.line('');
    const question = `${when(at)}  ${symbol} closed at ${close}: what do we do?`;
    this.emphasis(`${question}  (${trigger.replaceAll('_', ' ')})`);
    this.line(this.#paint('dim', `  debate ${debateId}`));
  }

  #utterance(message: Feed<'utterance'>): void {
    const { content, kind } = message;
    const name = roleName(message.role);
    if (content === null) return;
    if (kind === 'opinion' || kind === 'revision') {
      const { stance, confidenceBp, reasons } = content as Opinion;
      const lean = this.#lean(stance);
      const before = this.#leans.get(message.role);
      this.#leans.set(message.role, lean.action);
      const moved = kind === 'revision' && before !== lean.action ? ` (was ${before})` : '';
      const sure = `${Math.round(confidenceBp / 100)} % sure`.padEnd(10);
      const why = reasons.map((reason) => reason.text).join('; ');
      this.line(`  ${name} ${lean.text} ${sure}${moved} ${this.#paint('dim', why)}`);
    } else if (kind === 'challenge') {
      const { to, text } = content as { to: Role; text: string };
      this.line(`  ${name} ${this.#paint('yellow', `asks ${roleName(to).trim()}:`)} ${text}`);
    } else if (kind === 'rebuttal') {
      for (const { to, text, concedes } of content as Rebuttal) {
        const how = concedes ? 'concedes to' : 'answers';
        this.line(`  ${name} ${this.#paint('yellow', `${how} ${roleName(to).trim()}:`)} ${text}`);
      }
    }
  }

  #lean(stance: Opinion['stance']): { readonly action: string; readonly text: string } {
    const sides = [
      ['BUY', stance.buyBp],
      ['SELL', stance.sellBp],
      ['HOLD', stance.holdBp],
    ] as const;
    const [action, share] = sides.reduce((best, side) => (side[1] > best[1] ? side : best));
    const text = `${action.padEnd(4)} ${String(Math.round(share / 100)).padStart(3)} %`;
    return { action, text: this.#paint(COLOURS[action], text) };
  }

  #verdict({ verdict, action, sharesBp, ballots, rounds, veto }: Feed<'verdict'>): void {
    const { BUY, SELL, HOLD } = sharesBp;
    const percent = (bp: number): string => `${Math.round(bp / 100)} %`;
    const shares = `BUY ${percent(BUY)}, SELL ${percent(SELL)}, HOLD ${percent(HOLD)}`;
    const said = verdict === 'consensus' ? `consensus: ${action}` : verdict.replaceAll('_', ' ');
    const colour = verdict === 'consensus' ? COLOURS[action] : 'magenta';
    const why = veto === null ? '' : ` — ${veto.text}`;
    const counted = `${shares}; ${ballots} ballots, ${rounds} rounds${why}`;
    this.line(`  ${this.#paint(['bold', colour], `verdict ${said}`)}  ${counted}`);
  }

  #escalation({ status, escalationId, reason, deadline }: Feed<'escalation'>): void {
    if (status !== 'open') {
      return this.line(`  ${this.#paint('magenta', 'question')} ${status}: ${reason}`);
    }
    const id = escalationId.slice(0, 8);
    this.line(`  ${this.#paint(['bold', 'magenta'], 'a person is asked')} ${reason}`);
    const otherwise = `(HOLD stands from ${when(deadline)})`;
    this.line(`    answer: ./corro escalations answer ${id} approve|reject  ${otherwise}`);
  }

  /** The way to the venue is for `corro orders`; here stands what the venue made of it. */
  #order(order: Feed<'order'>): void {
    const { side, quantity, limitPrice, stopPrice, state, executedQuantity, rejectCode } = order;
    if (state === 'prepared' || state === 'sent') return;
    const price = limitPrice === null ? 'at market' : `at ${shortDecimal(limitPrice)} or better`;
    const code = rejectCode === null ? '' : ` (${rejectCode})`;
    const done = executedQuantity === '0' ? '' : `, ${shortDecimal(executedQuantity)} done`;
    const wanted = `${side} ${shortDecimal(quantity)} ${price}`;
    if (stopPrice === null) {
      this.line(`  ${this.#paint('cyan', 'order')}   ${wanted}: ${state}${code}${done}`);
      return;
    }
    const stands = { open: 'rests', cancelled: 'is taken back' }[state as string] ?? state;
    const stop = `${stands} at ${shortDecimal(stopPrice)}: ${wanted}${code}${done}`;
    this.line(`  ${this.#paint('cyan', 'stop')}    ${stop}`);
  }

  #fill({ side, quantity, price, fee, feeAsset }: Feed<'fill'>): void {
    const traded = `${side} ${shortDecimal(quantity)} at ${shortDecimal(price)}`;
    const fill = this.#paint('cyan', 'fill');
    this.line(`  ${fill}    ${traded}, fee ${shortDecimal(fee)} ${feeAsset}`);
  }

  #position({ quantity, symbol, realisedPnl, equity }: Feed<'position'>): void {
    const held = `position ${shortDecimal(quantity)} ${symbol}`;
    const worth = `realised ${shortDecimal(realisedPnl, 2)}, equity ${shortDecimal(equity, 2)}`;
    this.line(`  ${this.#paint('cyan', 'books')}   ${held}, ${worth}`);
  }

  #learning({ symbol, timeframe, news, words, by, runId }: Feed<'learning'>): void {
    const { says, style } = LEARNING_NEWS[news];
    const who = by === 'learning' ? '' : ` by ${by}`;
    const more = runId === null ? '' : ` (./corro insights ${runId.slice(0, 12)})`;
    const what = `${symbol} ${timeframe} ${says}${who}: ${words}${more}`;
    this.line(`  ${this.#paint(style, 'learning')} ${what}`);
  }

  #paint(style: Style, text: string): string {
    return this.#terminal.colours ? styleText(style, text, { validateStream: false }) : text;
  }
}

interface Opinion {
  readonly stance: { readonly buyBp: number; readonly sellBp: number; readonly holdBp: number };
  readonly confidenceBp: number;
  readonly reasons: readonly { readonly text: string }[];
}

type Rebuttal = readonly {
  readonly to: Role;
  readonly text: string;
  readonly concedes: boolean;
}[];

function roleName(role: string): string {
  return role.replaceAll('_', ' ').padEnd(NAME_WIDTH);
}

function when(at: string): string {
  return clockText(Date.parse(at) + 1);
}

function change(open: number, close: number): string {
  const percent = ((close - open) / open) * 100;
  return `${percent >= 0 ? '+' : '−'}${Math.abs(percent).toFixed(2)} %`;
}
