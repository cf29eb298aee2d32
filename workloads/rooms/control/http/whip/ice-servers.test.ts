import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { iceServerLinks } from './ice-servers.ts';

it('tells servers with credentials of the session alone, which a TURN server can check', () => {
  const urls = ['stun:turn.example:3478', 'turn:turn.example:3478?transport=udp', 'turns:turn.example:443'];
  const [stun, turn, turns] = iceServerLinks({ urls, secret: 'north' }, 'ada', 1_000_000);
  expect(stun).toBe('<stun:turn.example:3478>; rel="ice-server"');
  const [, name = '', credential] = /username="([^"]+)"; credential="([^"]+)"/.exec(turn ?? '') ?? [];
  expect(credential).toBe(createHmac('sha1', 'north').update(name).digest('base64'));
  expect(Number(name.split(':')[0])).toBeGreaterThan(1_000);
  expect(turns).toContain('credential-type="password"');
});

it('tells none where there are none, and no credentials where none are needed', () => {
  expect(iceServerLinks({ urls: [], secret: 'x' }, 'ada', 0)).toEqual([]);
  expect(iceServerLinks({ urls: ['turn:a'], secret: null }, 'ada', 0)).toEqual([
    '<turn:a>; rel="ice-server"',
  ]);
});
