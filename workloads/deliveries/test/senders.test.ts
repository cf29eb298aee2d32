import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageTargetKind, Notice } from '../contract.ts';
import { send } from '../control/senders/send.ts';
import { openReceiver, type Receiver } from '../testing/delivery-house.ts';

const notice: Notice = {
  title: '录制 *done* @everyone',
  text: 'a <b> & "c"\n[x](http://evil)',
  level: 'failure',
  url: 'https://backlot/x',
};
const createdAt = new Date('2026-11-26T20:00:00Z');
const context = {
  policy: { allowLoopback: true, allowPrivateNetworks: false },
  signal: AbortSignal.timeout(60_000),
  nowS: 1_795_000_000,
};

let receiver: Receiver;
beforeEach(async () => {
  receiver = await openReceiver();
});
afterEach(() => receiver.close());

const tell = (kind: MessageTargetKind, settings: object, secrets: Record<string, string>) =>
  send(kind, { id: 'one', notice, payload: null, createdAt, settings: { ...settings }, secrets }, context);
const last = () => {
  const one = receiver.received.at(-1);
  return { ...one, json: JSON.parse(one?.body ?? '{}') as unknown };
};

describe('what services are sent', () => {
  it('Telegram: plain text, and what it answers decides', async () => {
    receiver.answer = { status: 200, body: '{"ok":true,"result":{}}' };
    const secrets = { token: '123456:ABC-def_ghiJKL' };
    expect(await tell('telegram', { chatId: '-100123', server: receiver.url, threadId: 7 }, secrets)).toEqual(
      { ok: true },
    );
    expect(last()).toMatchObject({
      method: 'POST',
      path: '/bot123456:ABC-def_ghiJKL/sendMessage',
      json: {
        chat_id: '-100123',
        text: `${notice.title}\n\n${notice.text}\n\n${notice.url}`,
        message_thread_id: 7,
        disable_notification: false,
        link_preview_options: { is_disabled: true },
      },
    });
    expect(last().json).not.toHaveProperty('parse_mode');
    receiver.answer = {
      status: 429,
      body: '{"ok":false,"description":"Too Many Requests: 123456:ABC-def_ghiJKL","parameters":{"retry_after":9}}',
    };
    expect(await tell('telegram', { chatId: '-100123', server: receiver.url }, secrets)).toEqual({
      ok: false,
      fault: 'Too Many Requests: •••',
      retryAfterS: 9,
    });
  });

  it('Discord: nobody is mentioned and nothing is markup', async () => {
    receiver.answer = { status: 200, body: '{}' };
    expect(
      await tell('discord', { username: 'Backlot' }, { url: `${receiver.url}/api/webhooks/1/abcd` }),
    ).toEqual({ ok: true });
    expect(last()).toMatchObject({
      path: '/api/webhooks/1/abcd?wait=true',
      json: {
        username: 'Backlot',
        allowed_mentions: { parse: [] },
        embeds: [
          {
            title: '录制 \\*done\\* @everyone',
            description: expect.stringContaining('\\[x\\]\\('),
            color: 0xd1383d,
          },
        ],
      },
    });
    receiver.answer = { status: 429, body: '{"retry_after":1.5}' };
    expect(await tell('discord', {}, { url: `${receiver.url}/api/webhooks/1/abcd` })).toMatchObject({
      ok: false,
      retryAfterS: 1.5,
    });
  });

  it('Bark, ServerChan, ntfy and Apprise: their own shapes', async () => {
    receiver.answer = { status: 200, body: '{"code":200,"message":"success"}' };
    expect(await tell('bark', { server: receiver.url }, { deviceKey: 'key-1' })).toEqual({ ok: true });
    expect(last()).toMatchObject({
      path: '/push',
      json: {
        device_key: 'key-1',
        title: notice.title,
        body: notice.text,
        group: 'Backlot',
        level: 'timeSensitive',
        url: notice.url,
      },
    });
    receiver.answer = { status: 200, body: '{"code":0,"message":""}' };
    expect(await tell('serverchan', { server: receiver.url }, { sendKey: 'SCT123abc' })).toEqual({
      ok: true,
    });
    expect(last()).toMatchObject({
      path: '/SCT123abc.send',
      json: { title: notice.title, desp: expect.stringContaining(notice.url ?? '') },
    });
    expect(await tell('serverchan', { server: receiver.url }, { sendKey: 'sctp77tKEY' })).toEqual({
      ok: true,
    });
    expect(last().path).toBe('/send/sctp77tKEY.send');
    receiver.answer = { status: 200, body: '{"code":40001,"message":"bad key"}' };
    expect(await tell('serverchan', { server: receiver.url }, { sendKey: 'SCT123abc' })).toMatchObject({
      ok: false,
      fault: '40001: bad key',
    });
    receiver.answer = { status: 200, body: '{}' };
    expect(await tell('ntfy', { server: receiver.url, topic: 'films' }, { token: 'tk_1234' })).toEqual({
      ok: true,
    });
    expect(last()).toMatchObject({
      path: '/',
      headers: { authorization: 'Bearer tk_1234' },
      json: {
        topic: 'films',
        title: notice.title,
        message: notice.text,
        priority: 5,
        tags: ['rotating_light'],
        click: notice.url,
      },
    });
    expect(await tell('apprise', { server: receiver.url, key: 'films', tag: 'ops' }, {})).toEqual({
      ok: true,
    });
    expect(last()).toMatchObject({
      path: '/notify/films',
      json: { title: notice.title, type: 'failure', format: 'text', tag: 'ops' },
    });
    expect(await tell('apprise', { server: receiver.url }, { urls: 'json://x' })).toEqual({ ok: true });
    expect(last()).toMatchObject({ path: '/notify', json: { urls: 'json://x' } });
    receiver.answer = { status: 204 };
    expect(await tell('apprise', { server: receiver.url, key: 'none' }, {})).toMatchObject({ ok: false });
  });

  it('a mail by SMTP: one line of subject, plain text, the same id for every attempt', async () => {
    const mails: string[] = [];
    const server = new SMTPServer({
      authOptional: false,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === 'u' && password === 'right'
          ? done(null, { user: 'u' })
          : done(new Error('Invalid login right or wrong')),
      onData(stream, _session, done) {
        let text = '';
        stream.on('data', (piece: Buffer) => {
          text += piece.toString('utf8');
        });
        stream.on('end', () => {
          mails.push(text);
          done();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    try {
      const { port } = server.server.address() as AddressInfo;
      const settings = {
        host: '127.0.0.1',
        port,
        security: 'none',
        user: 'u',
        from: 'a@example.com',
        to: ['b@example.com'],
      };
      expect(await tell('email', settings, { password: 'right' })).toEqual({ ok: true });
      expect(mails[0]).toMatch(/^To: b@example.com/m);
      expect(mails[0]).toContain('Message-ID: <one@example.com>');
      expect(mails[0]).toMatch(/^Content-Type: text\/plain/m);
      const refused = await tell('email', settings, { password: 'wrong-one' });
      expect(refused).toMatchObject({ ok: false });
      expect(JSON.stringify(refused)).not.toContain('wrong-one');
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  });

  it('never an address that is not allowed', async () => {
    const context2 = { ...context, policy: { allowLoopback: false, allowPrivateNetworks: false } };
    const outgoing = {
      id: 'one',
      notice,
      payload: null,
      createdAt,
      settings: { url: receiver.url },
      secrets: { secret: 'whsec_x' },
    };
    expect(await send('webhook', outgoing, context2)).toMatchObject({
      ok: false,
      fault: expect.stringContaining('127.0.0.1'),
    });
    expect(receiver.received).toHaveLength(0);
  });
});
