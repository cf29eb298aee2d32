import { describe, expect, it } from 'vitest';
import { hear, type Vocabulary, vocabularyOfAddress } from './vocabulary.ts';

const address = (query: string, protocols: string[] = ['protoo']) =>
  vocabularyOfAddress(new URLSearchParams(query), protocols, 'backlot.token.');

describe('the words of a client', () => {
  it.each<[string, string[], Vocabulary]>([
    ['roomId=a&peerId=b', ['protoo'], 'unknown'],
    ['roomId=a&peerId=b&consumerReplicas=0', ['protoo'], 'unknown'],
    ['roomId=a&peerId=b&consumerReplicas=0&usePipeTransports=false', ['protoo'], 'newest'],
    ['roomId=a&client=backlot', ['protoo'], 'backlot'],
    ['roomId=a', ['protoo', 'backlot.token.abc'], 'backlot'],
    ['roomId=a&token=abc&vocabulary=2024', ['protoo'], '2024'],
    ['roomId=a&token=abc&vocabulary=newest', ['protoo'], 'newest'],
    ['roomId=a&vocabulary=klingon', ['protoo'], 'unknown'],
  ])('are known by the address %s with %j: %s', (query, protocols, expected) => {
    expect(address(query, protocols)).toBe(expected);
  });

  it.each<[Parameters<typeof hear>[1], Vocabulary]>([
    [{ kind: 'request', method: 'getRouterRtpCapabilities', data: {} }, 'unknown'],
    [{ kind: 'request', method: 'getRtcStatsUrl', data: {} }, 'newest'],
    [
      { kind: 'request', method: 'createWebRtcTransport', data: { producing: true, consuming: false } },
      '2024',
    ],
    [
      { kind: 'request', method: 'createWebRtcTransport', data: { appData: { direction: 'producer' } } },
      'newest',
    ],
    [{ kind: 'request', method: 'createWebRtcTransport', data: {} }, 'unknown'],
    [{ kind: 'request', method: 'pauseProducer', data: {} }, '2024'],
    [{ kind: 'notification', method: 'pauseProducer', data: {} }, 'newest'],
    [{ kind: 'request', method: 'resetNetworkThrottle', data: {} }, '2024'],
    [{ kind: 'request', method: 'stopNetworkThrottle', data: {} }, 'newest'],
    [{ kind: 'request', method: 'applyNetworkThrottle', data: { options: {} } }, 'newest'],
    [{ kind: 'request', method: 'applyNetworkThrottle', data: { uplink: 1 } }, '2024'],
  ])('are known by what it says: %j', (said, expected) => {
    expect(hear('unknown', said)).toBe(expected);
  });

  it('do not change any more once they are known', () => {
    const said = { kind: 'request', method: 'getRtcStatsUrl', data: {} } as const;
    expect(hear('2024', said)).toBe('2024');
    expect(hear('backlot', said)).toBe('backlot');
  });
});
