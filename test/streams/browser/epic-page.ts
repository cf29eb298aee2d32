import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type OtherSite, startOtherSite } from './other-site.ts';

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

/** Epic's frontend package, unmodified, on a site of its own. */
export interface EpicSite extends OtherSite {
  /** The address of its page for a signalling server; it connects by itself. */
  page(signalling: string): string;
}

export async function startEpicSite(): Promise<EpicSite> {
  const site = await startOtherSite(
    '<title>Epic</title><body style="margin:0"><div id="player" style="position:absolute;width:640px;height:360px"></div><script type="module" src="/player.js"></script>',
    await bundle(),
  );
  return {
    ...site,
    page: (signalling) => `${site.url}/?AutoConnect=true&ss=${encodeURIComponent(signalling)}`,
  };
}
