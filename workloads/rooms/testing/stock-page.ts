import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Clients of WHIP and WHEP that others have made, as their packages are, on a page of another origin than ours. */
const entry = `
import { WHIPClient as MedoozeWhip } from 'whip-whep/whip.js';
import { WHEPClient as MedoozeWhep } from 'whip-whep/whep.js';

const camera = () => navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180 } });
const clients = {};
Object.assign(window, {
  async publishMedooze(url, token) {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    for (const track of (await camera()).getTracks()) pc.addTransceiver(track, { direction: 'sendonly' });
    const client = new MedoozeWhip();
    await client.publish(pc, url, token);
    clients.whip = { client, pc };
  },
  restartMedooze: () => clients.whip.client.restart(),
  stateMedooze: () => clients.whip.pc.connectionState,
  stopMedooze: () => clients.whip.client.stop(),
  async playMedooze(url, token) {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    document.body.append(video);
    video.srcObject = new MediaStream(pc.getReceivers().map(({ track }) => track));
    const client = new MedoozeWhep();
    await client.view(pc, url, token);
    clients.whep = { client, pc, video };
  },
  framesMedooze: () => clients.whep.video.getVideoPlaybackQuality().totalVideoFrames,
  async audioMedooze() {
    for (const report of (await clients.whep.pc.getStats()).values())
      if (report.type === 'inbound-rtp' && report.kind === 'audio') return report.packetsReceived;
    return 0;
  },
  stopPlayMedooze: () => clients.whep.client.stop(),
});
`;

export interface StockPage {
  readonly url: string;
  close(): Promise<void>;
}

export async function serveStockPage(): Promise<StockPage> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: fileURLToPath(new URL('..', import.meta.url)), loader: 'js' },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  });
  const script = outputFiles[0]?.text ?? '';
  const server = createServer((request, response) => {
    const isScript = request.url === '/clients.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(
      isScript ? script : '<!doctype html><title>stock</title><script src="/clients.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
