import { describe, expect, it } from 'vitest';
import { hasDataChannel, rejectDataChannel } from './data-channel.ts';

const answer = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:1',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:2',
  'a=sctp-port:5000',
  '',
].join('\r\n');

describe('the data section of an answer', () => {
  it('is rejected and out of the bundle, and nothing else changes', () => {
    const before = answer.split('\r\n');
    const after = rejectDataChannel(answer).split('\r\n');
    expect(after).toHaveLength(before.length);
    expect(after.filter((line, index) => line !== before[index])).toEqual([
      'a=group:BUNDLE 0 1',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    ]);
    expect(hasDataChannel(rejectDataChannel(answer))).toBe(false);
  });

  it.each([
    ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', true],
    ['v=0\nm=application 50000 DTLS/SCTP 5000', true],
    ['v=0\rm=application  9 DTLS/SCTP 5000', true],
    ['m=application 0 UDP/DTLS/SCTP webrtc-datachannel', false],
    ['m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=x:m=application 9', false],
    ['', false],
  ])('%j: found %s', (sdp, found) => expect(hasDataChannel(sdp)).toBe(found));
});
