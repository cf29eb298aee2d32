import mpegts from 'mpegts.js';

/**
 * Plays a stored segment of FLV or MPEG-TS, which no browser knows by itself.
 * @param failed its bytes do not come, or the browser does not know how its media is coded
 * @returns what ends it, and lets go of the connection
 */
export function playSegment(
  video: HTMLVideoElement,
  url: string,
  container: 'flv' | 'ts',
  failed: () => void,
): () => void {
  if (!mpegts.isSupported()) {
    failed();
    return () => {};
  }
  mpegts.LoggingControl.applyConfig({ enableAll: false });
  const player = mpegts.createPlayer(
    { type: container === 'flv' ? 'flv' : 'mpegts', isLive: false, url, withCredentials: true },
    // A worker from a blob: address would need an exception in the page's policy.
    { enableWorker: false },
  );
  player.on(mpegts.Events.ERROR, failed);
  player.attachMediaElement(video);
  player.load();
  return () => player.destroy();
}
