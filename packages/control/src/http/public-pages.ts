import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { App, PublicPage } from '../workload.ts';
import { sendNotBuilt } from './console-files.ts';
import { consolePolicy } from './security-headers.ts';

/** What a page may load: as the console, with its own camera and microphone, and framed where it says so. */
const unframedPolicy = consolePolicy;
const framedPolicy = consolePolicy.replace("frame-ancestors 'none'", 'frame-ancestors *');

/**
 * Answers the public pages of a workload with the `index.html` that was built from its `page/` folder. Its other files
 * are served with the console's, below `/pages/<workload>/`.
 *
 * @param consoleDir the folder of the built console, which holds `pages/<workload>/`; undefined serves the API only.
 */
export function registerPublicPages(
  app: App,
  options: {
    readonly workload: string;
    readonly pages: readonly PublicPage[];
    readonly consoleDir: string | undefined;
  },
): void {
  const { consoleDir, pages, workload } = options;
  if (consoleDir === undefined) return;
  const file = `pages/${workload}/index.html`;
  for (const { path, framed } of pages) {
    app.get(
      path,
      { config: { access: { kind: 'public' } }, schema: { hide: true } },
      async (request, reply) => {
        if (!(await isThere(join(consoleDir, file)))) return sendNotBuilt(request, reply);
        if (framed) reply.removeHeader('x-frame-options');
        return reply
          .header('content-security-policy', framed ? framedPolicy : unframedPolicy)
          .header(
            'permissions-policy',
            'camera=(self), microphone=(self), display-capture=(self), fullscreen=*',
          )
          .header('cache-control', 'no-cache')
          .sendFile(file);
      },
    );
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
