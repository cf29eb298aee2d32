import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ResolverName, runResolver } from '../resolvers/run-resolver.ts';

/**
 * `prove-resolver-main <name> <folder>`: lets a resolver look at a live playlist on loopback, as a channel would, and says as
 * a line of JSON whether it found the stream in both of its qualities.
 */
const playlist = [
  '#EXTM3U',
  '#EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1280x720',
  'high.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360',
  'low.m3u8',
  '',
].join('\n');

const [name, folder] = process.argv.slice(2);
const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl' }).end(playlist);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
try {
  if ((name !== 'streamlink' && name !== 'yt-dlp') || !folder)
    throw new Error('usage: prove-resolver-main streamlink|yt-dlp <folder>');
  mkdirSync(folder, { recursive: true });
  const { port } = server.address() as AddressInfo;
  const found = await runResolver(name satisfies ResolverName, `http://127.0.0.1:${port}/live.m3u8`, {
    scratchDir: folder,
    env: process.env,
    signal: AbortSignal.timeout(30_000),
  });
  const heights = found.state === 'live' ? found.qualities.map(({ height }) => height) : [];
  if (heights.join() !== '720,360')
    throw new Error(found.state === 'live' ? 'It found other qualities.' : found.reason.message);
  process.stdout.write(`${JSON.stringify({ ok: true })}\n`);
  process.exit(0);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stdout.write(`${JSON.stringify({ ok: false, reason: reason.slice(0, 500) })}\n`);
  process.exit(1);
}
