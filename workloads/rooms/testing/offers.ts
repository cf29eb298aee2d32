/** Offers as real clients write them, for tests of SDP. Captured, shortened where a line has no meaning for us. */

const session = (mids: string) =>
  [
    'v=0',
    'o=- 4611732812345678901 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mids}`,
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS 6c9f2d1e-stream',
  ].join('\r\n');

const transport = [
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=ice-ufrag:Hq3B',
  'a=ice-pwd:u8Dkq2Yq0mS0f7hTqfG0b1nL',
  'a=ice-options:trickle',
  'a=fingerprint:sha-256 6F:2A:11:B0:7C:91:3E:55:AA:0B:C4:D9:1F:88:20:3D:77:E1:5A:C3:09:4B:D2:6E:F1:38:90:AB:CD:12:34:56',
  'a=setup:actpass',
].join('\r\n');

const audio = (mid: string, direction: string) =>
  [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8',
    transport,
    `a=mid:${mid}`,
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    `a=${direction}`,
    'a=msid:6c9f2d1e-stream audio-track',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=rtpmap:111 opus/48000/2',
    'a=rtcp-fb:111 transport-cc',
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:63 red/48000/2',
    'a=fmtp:63 111/111',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=ssrc:3041782561 cname:k3n1uQd2Xs',
    'a=ssrc:3041782561 msid:6c9f2d1e-stream audio-track',
  ].join('\r\n');

const videoCodecs = [
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 goog-remb',
  'a=rtcp-fb:96 transport-cc',
  'a=rtcp-fb:96 ccm fir',
  'a=rtcp-fb:96 nack',
  'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:102 H264/90000',
  'a=rtcp-fb:102 goog-remb',
  'a=rtcp-fb:102 transport-cc',
  'a=rtcp-fb:102 ccm fir',
  'a=rtcp-fb:102 nack',
  'a=rtcp-fb:102 nack pli',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
  'a=rtpmap:103 rtx/90000',
  'a=fmtp:103 apt=102',
  'a=rtpmap:108 H264/90000',
  'a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  'a=rtpmap:45 AV1/90000',
  'a=fmtp:45 level-idx=5;profile=0;tier=0',
  'a=rtpmap:98 VP9/90000',
  'a=fmtp:98 profile-id=0',
  'a=rtpmap:127 red/90000',
  'a=rtpmap:121 ulpfec/90000',
];

const video = (mid: string, direction: string, more: readonly string[]) =>
  [
    'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 108 45 98 127 121',
    transport,
    `a=mid:${mid}`,
    'a=extmap:14 urn:ietf:params:rtp-hdrext:toffset',
    'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'a=extmap:13 urn:3gpp:video-orientation',
    'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
    'a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
    `a=${direction}`,
    'a=msid:6c9f2d1e-stream video-track',
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...videoCodecs,
    ...more,
  ].join('\r\n');

const ssrcs = [
  'a=ssrc-group:FID 1789652410 2884130998',
  'a=ssrc:1789652410 cname:k3n1uQd2Xs',
  'a=ssrc:2884130998 cname:k3n1uQd2Xs',
];
const layers = ['a=rid:q send', 'a=rid:h send', 'a=rid:f send', 'a=simulcast:send q;h;f'];

const join = (...parts: readonly string[]) => `${parts.join('\r\n')}\r\n`;

/** Chrome publishing microphone and camera. */
export const chromePublishes = join(session('0 1'), audio('0', 'sendonly'), video('1', 'sendonly', ssrcs));
/** Chrome publishing three layers. */
export const chromeSimulcast = join(session('0 1'), audio('0', 'sendonly'), video('1', 'sendonly', layers));
/** Chrome that will play sound and picture. */
export const chromePlays = join(session('0 1'), audio('0', 'recvonly'), video('1', 'recvonly', []));
/** Firefox, whose sound is 109 and whose picture is 120. */
export const firefoxPlays = chromePlays
  .replaceAll(' 111 ', ' 109 ')
  .replaceAll(':111 ', ':109 ')
  .replaceAll('SAVPF 96 97', 'SAVPF 120 124')
  .replaceAll(':96 ', ':120 ')
  .replaceAll(':97 ', ':124 ')
  .replaceAll('apt=96', 'apt=120');
/** A data channel beside the media. */
export const withData = join(
  session('0 1'),
  audio('0', 'sendonly'),
  ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', transport, 'a=mid:1', 'a=sctp-port:5000'].join('\r\n'),
);
