import mpegts from 'mpegts.js';

type Status = 'playing' | 'failed' | 'unsupported';

/**
 * Plays FLV or MPEG-TS as it comes (mpegts.js tells them apart by the first bytes). Kept close to now: a preview that
 * lags by half a minute says nothing about the recording.
 * @returns what ends it, and lets go of the connection.
 */
export function playLive(video: HTMLVideoElement, url: string, tell: (status: Status) => void): () => void {
  if (!mpegts.isSupported()) {
    tell('unsupported');
    return () => {};
  }
  mpegts.LoggingControl.applyConfig({ enableAll: false });
  const player = mpegts.createPlayer(
    { type: 'flv', isLive: true, url, withCredentials: true },
    {
      // A worker from a blob: address would need an exception in the page's policy.
      enableWorker: false,
      enableStashBuffer: false,
      liveBufferLatencyChasing: true,
      autoCleanupSourceBuffer: true,
    },
  );
  const onPlaying = () => tell('playing');
  video.addEventListener('playing', onPlaying);
  player.on(mpegts.Events.ERROR, () => tell('failed'));
  player.attachMediaElement(video);
  player.load();
  Promise.resolve(player.play()).catch(() => {
    // Waits for the first picture, or for a click where the browser wants one; errors come by the event above.
  });
  return () => {
    video.removeEventListener('playing', onPlaying);
    player.destroy();
  };
}
