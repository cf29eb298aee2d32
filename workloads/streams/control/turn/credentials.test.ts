import { describe, expect, it } from 'vitest';
import { turnCredentials } from './credentials.ts';
import { peerConnectionOptions } from './peer-options.ts';
import { parseTurnUrl } from './turn-url.ts';

const now = 1_700_000_000_999;

describe('credentials of TURN servers', () => {
  it('are a user name that says when it expires, and its HMAC', () => {
    // printf '1700003600:alice' | openssl dgst -sha1 -hmac north -binary | base64
    expect(turnCredentials({ secret: 'north', user: 'alice', ttlSeconds: 3_600, now })).toEqual({
      username: '1700003600:alice',
      credential: 'wjwSXO2ch1B6VaLTLMy2Avn5O9o=',
      expiresAt: 1_700_003_600,
    });
  });

  it('hold no colon but the one that separates', () => {
    expect(turnCredentials({ secret: 's', user: 'a:b:c', ttlSeconds: 1, now }).username).toBe(
      '1700000001:a-b-c',
    );
  });
});

describe('what a peer connection is made with', () => {
  const request = { user: '7', relayOnly: false, ttlSeconds: 60, now };

  it('has a list of addresses for each server, and credentials only for those that relay', () => {
    const turn = { urls: ['stun:a:1', 'turn:a:1', 'turns:a:2'], secret: 's' };
    expect(peerConnectionOptions({ ...request, turn })).toEqual({
      iceServers: [
        { urls: ['stun:a:1'] },
        {
          urls: ['turn:a:1', 'turns:a:2'],
          username: '1700000060:7',
          credential: expect.stringMatching(/^[\w+/]+=*$/),
        },
      ],
    });
  });

  it('says nothing of relays whose secret is not known, and relays only where the app says so', () => {
    const turn = { urls: ['turn:a:1'], secret: null };
    expect(peerConnectionOptions({ ...request, turn, relayOnly: true })).toEqual({
      iceServers: [],
      iceTransportPolicy: 'relay',
    });
  });
});

describe('the address of a TURN server', () => {
  it.each([
    ['turn:a.example', { kind: 'turn', transport: 'udp', host: 'a.example', port: 3478 }],
    ['turn:10.0.0.1:99?transport=tcp', { kind: 'turn', transport: 'tcp', host: '10.0.0.1', port: 99 }],
    ['TURNS:a.example', { kind: 'turn', transport: 'tls', host: 'a.example', port: 5349 }],
    ['turn:[2001:db8::1]:3478', { kind: 'turn', transport: 'udp', host: '2001:db8::1', port: 3478 }],
    ['stun:a.example:19302', { kind: 'stun', transport: 'udp', host: 'a.example', port: 19_302 }],
    // What the start scripts of Epic's server wrote when they could not find the public address.
    ['turn::19303', undefined],
    ['turn:', undefined],
    ['turn://a.example', undefined],
    ['turn:a.example:0', undefined],
    ['turn:a.example:70000', undefined],
    ['turns:a.example?transport=udp', undefined],
    ['http://a.example', undefined],
    ['turn:a b', undefined],
    ['', undefined],
  ])('%s', (url, expected) => expect(parseTurnUrl(url)).toEqual(expected));
});
