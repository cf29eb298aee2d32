import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BrowserContext } from 'playwright-core';

const here = fileURLToPath(new URL('.', import.meta.url));

/** All of a player page that is not Epic's own: their README's first example. Nothing of ours is in it. */
const page = `
  import { Config, PixelStreaming } from '@epicgames-ps/lib-pixelstreamingfrontend-ue5.7';
  window.stream = new PixelStreaming(new Config({ useUrlParams: true }), {
    videoElementParent: document.getElementById('player'),
  });
`;

let bundled: Promise<string> | undefined;

function bundle(): Promise<string> {
  bundled ??= build({
    stdin: { contents: page, resolveDir: here, loader: 'js' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  }).then(({ outputFiles: [file] }) => file?.text ?? '');
  return bundled;
}

/**
 * Epic's frontend package, unmodified, on a page at an address of its own.
 * @returns the address of that page for a signalling server; it connects by itself.
 */
export async function serveEpicPage(context: BrowserContext): Promise<(signalling: string) => string> {
  const script = await bundle();
  await context.route('http://epic.test/**', (route) =>
    new URL(route.request().url()).pathname === '/player.js'
      ? route.fulfill({ contentType: 'text/javascript', body: script })
      : route.fulfill({
          contentType: 'text/html',
          body: '<!doctype html><title>Epic</title><body style="margin:0"><div id="player" style="position:absolute;width:640px;height:360px"></div><script type="module" src="/player.js"></script>',
        }),
  );
  return (signalling) => `http://epic.test/?AutoConnect=true&ss=${encodeURIComponent(signalling)}`;
}
