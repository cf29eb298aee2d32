import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageTargetKind, Notice } from '../contract.ts';
import { send } from '../control/senders/send.ts';
import { openReceiver, type Receiver } from '../testing/delivery-house.ts';

const nowS = 1_795_000_000;
const policy = { allowLoopback: true, allowPrivateNetworks: false };
const usual: Notice = { title: 'done', text: 'a film', level: 'info' };

let receiver: Receiver;
beforeEach(async () => {
  receiver = await openReceiver();
});
afterEach(() => receiver.close());

const tell = (
  kind: MessageTargetKind,
  settings: object,
  secrets: Record<string, string>,
  { notice = usual, signal = AbortSignal.timeout(60_000) }: { notice?: Notice; signal?: AbortSignal } = {},
) =>
  send(
    kind,
    { id: 'one', notice, payload: null, createdAt: new Date(), settings: { ...settings }, secrets },
    { policy, signal, nowS },
  );
const bodyOf = () => JSON.parse(receiver.received.at(-1)?.body ?? '{}') as Record<string, unknown>;

describe('a service that says what it was sent', () => {
  const token = '123456:ABCdefGHIjklMNOpqrSTUvwxYZ';
  const sendKey = 'SCTabcdefghijklmnopqrstuvwxyz';
  const deviceKey = 'KEYabcdefghijklmnopqrstuvwxyz';
  const query = 'access_token=QRYabcdefghijklmnopqrstuvwxyz';

  it.each<
    [MessageTargetKind, object, Record<string, string>, secret: string, answer: (words: string) => string]
  >([
    [
      'telegram',
      { chatId: '1' },
      { token },
      token,
      (description) => JSON.stringify({ ok: false, description }),
    ],
    ['serverchan', {}, { sendKey }, sendKey, (message) => JSON.stringify({ code: 1, message })],
    ['bark', {}, { deviceKey }, deviceKey, (message) => JSON.stringify({ code: 400, message })],
    ['webhook', {}, { query }, query.slice(13), (words) => `<html>${words}</html>`],
  ])(
    '%s: no half of a secret is left, wherever the words are cut',
    async (kind, more, secrets, secret, answer) => {
      const settings = { ...more, [kind === 'webhook' ? 'url' : 'server']: receiver.url };
      for (let before = 160; before <= 210; before += 5) {
        receiver.answer = { status: 400, body: answer(`${'x'.repeat(before)} ${secret}`) };
        const sent = await tell(kind, settings, secrets);
        expect(sent).toMatchObject({ ok: false });
        const fault = sent.ok ? '' : sent.fault;
        expect([...fault].length).toBeLessThanOrEqual(200);
        expect(fault).not.toContain(secret.slice(0, 4));
      }
    },
  );

  it('no half of a secret is left where our reading ends', async () => {
    const secret = query.slice(13);
    for (const over of [1, 5, 20]) {
      // Sixteen kilobytes of markup, which is not shown, and then the secret.
      const markup = `<i ${'a'.repeat(16 * 1024 - 4 - secret.length + over)}>`;
      receiver.answer = { status: 400, body: `${markup}${secret} and more` };
      const sent = await tell('webhook', { url: receiver.url }, { query });
      expect(sent.ok ? '' : sent.fault).not.toMatch(/QRY/);
    }
  });
});

describe('a webhook', () => {
  it('carries its secret query and its header, and they are in no fault', async () => {
    const secrets = { query: 'key=SECRETSECRET', authorization: 'Bearer TOKENTOKEN' };
    expect(await tell('webhook', { url: `${receiver.url}/robot?lang=zh` }, secrets)).toEqual({ ok: true });
    expect(receiver.received[0]).toMatchObject({
      path: '/robot?lang=zh&key=SECRETSECRET',
      headers: { authorization: 'Bearer TOKENTOKEN' },
    });
    expect(receiver.received[0]?.headers).not.toHaveProperty('webhook-signature');
    receiver.answer = { status: 401, body: 'POST /robot?lang=zh&key=SECRETSECRET with TOKENTOKEN' };
    expect(await tell('webhook', { url: `${receiver.url}/robot?lang=zh` }, secrets)).toMatchObject({
      fault: '401: POST /robot?•••&••• with •••',
    });
  });

  it('goes on working with a sign-in in an old address, which is in no fault', async () => {
    const url = receiver.url.replace('http://', 'http://me:geheim@');
    receiver.answer = { status: 403, body: `no ${btoa('me:geheim')} geheim` };
    expect(await tell('webhook', { url }, {})).toMatchObject({ fault: '403: no ••• •••' });
    expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${btoa('me:geheim')}`);
  });

  it('follows no redirect, whoever answers with one', async () => {
    receiver.answer = { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' } };
    expect(await tell('webhook', { url: receiver.url }, {})).toMatchObject({ ok: false, fault: '302' });
    expect(receiver.received).toHaveLength(1);
  });

  it('is left alone for as long as it asks, in seconds or by a date', async () => {
    receiver.answer = { status: 503, headers: { 'retry-after': '120' } };
    expect(await tell('webhook', { url: receiver.url }, {})).toMatchObject({ retryAfterS: 120 });
    const headers = {
      date: 'Fri, 27 Nov 2026 10:00:00 GMT',
      'retry-after': 'Fri, 27 Nov 2026 10:03:00 GMT',
    };
    receiver.answer = { status: 429, headers };
    expect(await tell('webhook', { url: receiver.url }, {})).toMatchObject({ retryAfterS: 180 });
  });
});

describe('a service without an end', () => {
  let server: Server | ReturnType<typeof createTcpServer>;
  const sockets = new Set<Socket>();
  const listen = async (one: typeof server) => {
    server = one;
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is read to sixteen kilobytes', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const port = await listen(
      createServer((request, response) => {
        request.resume();
        response.writeHead(500);
        const more = () => {
          while (!response.destroyed && response.write(piece));
        };
        response.on('drain', more);
        more();
      }),
    );
    expect(await tell('webhook', { url: `http://127.0.0.1:${port}` }, {})).toMatchObject({
      ok: false,
      fault: expect.stringMatching(/^500: x+…$/),
    });
  });

  it('a mail server that drips words ends with the attempt, and so does its connection', async () => {
    const end = new AbortController();
    let closed = () => {};
    const hungUp = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const port = await listen(
      createTcpServer((socket) => {
        socket.once('close', closed);
        socket.write('220 hello\r\n');
        // A line of greeting after the other: something always moves, and it is never over.
        socket.on('data', () => {
          socket.write('250-more\r\n');
          end.abort(new Error('the attempt has had its time'));
        });
      }),
    );
    const settings = { host: '127.0.0.1', port, security: 'none', from: 'a@x.org', to: ['b@x.org'] };
    await expect(tell('email', settings, {}, { signal: end.signal })).rejects.toThrow('has had its time');
    await hungUp;
  });
});

describe('a message longer than a service takes', () => {
  const long: Notice = { title: '标题'.repeat(300), text: '电影🎬\n'.repeat(3_000), level: 'info' };

  it('is cut by what the service counts', async () => {
    receiver.answer = { status: 200, body: '{"ok":true,"code":200}' };
    await tell(
      'telegram',
      { chatId: '1', server: receiver.url },
      { token: '1:abcdefghijkl' },
      { notice: long },
    );
    expect(String(bodyOf().text).length).toBeLessThanOrEqual(4_096);
    expect(String(bodyOf().text).isWellFormed()).toBe(true);
    await tell('ntfy', { server: receiver.url, topic: 't' }, {}, { notice: long });
    // Above 4,096 bytes it would arrive as a file to be opened.
    expect(Buffer.byteLength(String(bodyOf().message))).toBeLessThanOrEqual(4_096);
    await tell('bark', { server: receiver.url }, { deviceKey: 'k' }, { notice: long });
    // Apple's limit for all of it.
    expect(Buffer.byteLength(receiver.received.at(-1)?.body ?? '')).toBeLessThanOrEqual(4_096);
    await tell('serverchan', { server: receiver.url }, { sendKey: 'SCT12345' }, { notice: long });
    expect(Buffer.byteLength(String(bodyOf().desp))).toBeLessThanOrEqual(32 * 1024);
  });

  it('has no line break in the subject of a mail, and no other header comes of it', async () => {
    // What goes to the server is what counts: the greeting of a server that writes down all it gets.
    const said: string[] = [];
    const server = createTcpServer((socket) => {
      socket.write('220 hello\r\n');
      let data = false;
      socket.on('data', (piece) => {
        const text = piece.toString('utf8');
        said.push(text);
        if (data) {
          if (text.endsWith('\r\n.\r\n')) {
            data = false;
            socket.write('250 taken\r\n');
          }
          return;
        }
        data = text.startsWith('DATA');
        socket.write(data ? '354 go on\r\n' : text.startsWith('QUIT') ? '221 bye\r\n' : '250 yes\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const settings = { host: '127.0.0.1', port, security: 'none', from: 'a@x.org', to: ['b@x.org'] };
      const notice = {
        ...usual,
        title: 'live\r\nBcc: everybody@x.org\r\n\r\nbody',
        text: '.\r\n.\r\nRCPT TO:<x@x>',
      };
      expect(await tell('email', settings, {}, { notice })).toEqual({ ok: true });
      const wire = said.join('');
      expect(wire).toContain('Subject: live Bcc: everybody@x.org body\r\n');
      expect(wire).not.toMatch(/^Bcc:/m);
      expect(wire.match(/^RCPT TO/gm)).toHaveLength(2);
      expect(said.filter((one) => one.startsWith('RCPT TO'))).toHaveLength(1);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
