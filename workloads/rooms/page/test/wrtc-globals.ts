import wrtc from '@roamhq/wrtc';

/** mediasoup-client and our SDK look for a browser's WebRTC; in tests that is @roamhq/wrtc, which is libwebrtc. */
for (const name of [
  'RTCPeerConnection',
  'RTCRtpTransceiver',
  'RTCRtpReceiver',
  'RTCRtpSender',
  'RTCSessionDescription',
  'RTCIceCandidate',
  'MediaStream',
  'MediaStreamTrack',
  'RTCDataChannel',
] as const) {
  if (!(name in globalThis)) Object.assign(globalThis, { [name]: wrtc[name as keyof typeof wrtc] });
}

const { RTCAudioSource, RTCVideoSource, RTCVideoSink } = wrtc.nonstandard;

/** A picture of changing grey at 20 frames per second, until `stop`. */
export function movingPicture(width = 320, height = 180): { track: MediaStreamTrack; stop(): void } {
  const source = new RTCVideoSource();
  const track = source.createTrack();
  let n = 0;
  const timer = setInterval(() => {
    n = (n + 7) % 256;
    const data = new Uint8Array(width * height * 1.5).fill(n);
    source.onFrame({ width, height, data });
  }, 50);
  return {
    track,
    stop() {
      clearInterval(timer);
      track.stop();
    },
  };
}

/** A tone of 440 Hz, until `stop`. */
export function tone(): { track: MediaStreamTrack; stop(): void } {
  const source = new RTCAudioSource();
  const track = source.createTrack();
  let at = 0;
  const timer = setInterval(() => {
    const samples = Int16Array.from(
      { length: 480 },
      () => 8_000 * Math.sin((2 * Math.PI * 440 * at++) / 48_000),
    );
    source.onData({ samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: 480 });
  }, 10);
  return {
    track,
    stop() {
      clearInterval(timer);
      track.stop();
    },
  };
}

/** Counts the decoded frames of a track. */
export function countFrames(track: MediaStreamTrack): { readonly count: number; stop(): void } {
  const sink = new RTCVideoSink(track);
  let count = 0;
  sink.onframe = () => {
    count += 1;
  };
  return {
    get count() {
      return count;
    },
    stop: () => sink.stop(),
  };
}
