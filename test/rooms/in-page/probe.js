// Runs before the page's own code: keeps what the page opens, so that a test can count what really arrives.
(() => {
  const probe = { peers: [], sockets: [], frames: new Map(), joinedAt: 0, firstFrameMs: null };
  globalThis.__probe = probe;
  const Peer = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...args) {
      super(...args);
      probe.peers.push(this);
    }
  };
  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...args) {
      super(...args);
      probe.sockets.push(this);
    }
  };
  // Every frame that is presented of somebody else's picture, counted by who it is.
  const watch = (video) => {
    const count = () => {
      const key = `${video.dataset.identity}/${video.dataset.source}`;
      probe.frames.set(key, (probe.frames.get(key) ?? 0) + 1);
      if (probe.firstFrameMs === null && probe.joinedAt > 0) {
        probe.firstFrameMs = performance.now() - probe.joinedAt;
      }
      video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
  };
  const seen = new WeakSet();
  new MutationObserver(() => {
    for (const video of document.querySelectorAll('video[data-identity]')) {
      if (seen.has(video)) continue;
      seen.add(video);
      watch(video);
    }
  }).observe(document, { childList: true, subtree: true });
  document.addEventListener(
    'submit',
    () => {
      if (probe.joinedAt === 0) probe.joinedAt = performance.now();
    },
    true,
  );
})();
