import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CuttableLine } from './proxy.ts';

let echo: Server;
let line: CuttableLine;
const sockets: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  line = await CuttableLine.open('worker to echo');
  line.aim((echo.address() as AddressInfo).port);
});

afterEach(async () => {
  await line.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  echo.close();
});

/** A client that keeps what it hears. */
async function client() {
  const socket = connect(line.port, '127.0.0.1');
  sockets.push(socket);
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('close', () => resolve('closed'));
  });
  await once(socket, 'connect');
  const hears = async (text: string): Promise<void> => {
    while (heard !== text) await once(socket, 'data');
  };
  return { socket, hears, heard: () => heard, ended };
}

describe('cuttable line', () => {
  test('whole - carries both ways', async () => {
    const { socket, hears, heard } = await client();
    socket.write('one');
    await hears('one');
    expect(heard()).toBe('one');
  });

  test.each(['stall', 'lose-up', 'lose-down'] as const)(
    '%s - nothing comes back until it is healed, then all of it in order',
    async (cut) => {
      const one = await client();
      one.socket.write('a');
      await one.hears('a');
      line.cut(cut);
      one.socket.write('b');
      const other = await client();
      other.socket.write('x');
      // Longer than the loop needs for all of it: had it flowed, it would be here.
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect([one.heard(), other.heard()]).toEqual(['a', '']);
      line.heal();
      await one.hears('ab');
      await other.hears('x');
      expect(one.socket.destroyed).toBe(false);
    },
  );

  test('reset - open connections are torn, new ones too, until it is healed', async () => {
    const one = await client();
    one.socket.write('a');
    await one.hears('a');
    line.cut('reset');
    expect(await one.ended).toMatch(/ECONNRESET|closed/);
    const refused = connect(line.port, '127.0.0.1');
    sockets.push(refused);
    refused.on('error', () => undefined);
    await new Promise<void>((resolve) => refused.once('close', () => resolve()));
    line.heal();
    const again = await client();
    again.socket.write('b');
    await again.hears('b');
    expect(again.heard()).toBe('b');
  });
});
