import { pageAddress } from '@backlot/sdk/streams/address';
import type { App } from '../../contract/api.ts';

/** Where viewers open the app, on the server of this console. */
export function playerAddress(slug: string): string {
  return pageAddress({ url: '', app: slug }, location.href);
}

/** A few lines for a page of someone else's, ready to be pasted. */
export function frameSnippet(app: Pick<App, 'slug' | 'name'>): string {
  const title = app.name.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<iframe src="${playerAddress(app.slug)}" title="${title}" allow="autoplay; fullscreen; gamepad" style="width: 100%; aspect-ratio: 16 / 9; border: 0"></iframe>`;
}

export function sdkSnippet(app: Pick<App, 'slug' | 'access'>): string {
  const ticket = app.access === 'ticket' ? ', ticket' : '';
  return `import { StreamSession } from '@backlot/sdk/streams';

const session = new StreamSession({ url: '${new URL(playerAddress(app.slug)).origin}', app: '${app.slug}'${ticket}, element });
session.on('queued', ({ position }) => console.log(\`place \${position}\`));
session.on('playing', () => session.sendCommand({ hello: 'world' }));
session.on('ended', ({ reason }) => console.log(reason));`;
}
