// The upper edge of the playing video as three rows of brightness, for `readFrameNumber`; null before there is a picture.
// Runs in the page: `document.querySelector('video')` is the player's.
(() => {
  const video = document.querySelector('video');
  if (!video || video.videoWidth === 0) return null;
  const { videoWidth: width, videoHeight: height } = video;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const middle = Math.floor(Math.max(4, Math.round(height / 18)) / 2);
  const { data } = context.getImageData(0, middle - 1, width, 3);
  const luma = [];
  for (let at = 0; at < data.length; at += 4) {
    luma.push(Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]));
  }
  const quality = video.getVideoPlaybackQuality();
  return { width, height, middle, luma, frames: quality.totalVideoFrames };
})();
