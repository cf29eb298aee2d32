import { contrast, readableOn, textOn } from './model/link.ts';

/** What the page of an app looks like, before and beside its picture. */
export interface AppLook {
  readonly title: string;
  readonly logo: string | null;
  readonly accent: string | null;
  readonly scheme: 'light' | 'dark' | 'auto';
}

export type LookAnswer =
  | { readonly kind: 'look'; readonly look: AppLook }
  | { readonly kind: 'unknown' }
  /** Could not be read; the page does without. */
  | { readonly kind: 'none' };

const limitMs = 5_000;

/** Asks how the app's page looks. Never rejects: a page without its colours still plays. */
export async function readLook(app: string): Promise<LookAnswer> {
  try {
    const answer = await fetch(`/api/v1/streams/page/${encodeURIComponent(app)}`, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(limitMs),
    });
    if (answer.status === 404) return { kind: 'unknown' };
    if (!answer.ok) return { kind: 'none' };
    const body: unknown = await answer.json();
    if (typeof body !== 'object' || body === null) return { kind: 'none' };
    const { name, title, accent, logo, scheme } = Object.fromEntries(Object.entries(body));
    const words = typeof title === 'string' && title !== '' ? title : name;
    return {
      kind: 'look',
      look: {
        title: typeof words === 'string' ? words : app,
        accent: typeof accent === 'string' && /^#[0-9a-f]{6}$/i.test(accent) ? accent : null,
        logo: typeof logo === 'string' ? logo : null,
        scheme: scheme === 'light' || scheme === 'auto' ? scheme : 'dark',
      },
    };
  } catch {
    return { kind: 'none' };
  }
}

const surfaces = { light: '#ffffff', dark: '#181b1f' } as const;

/** Puts scheme and accent on the page; any accent stays readable on it, and visible against it. */
export function applyLook(scheme: 'light' | 'dark', accent: string | null): void {
  const { dataset, style } = document.documentElement;
  dataset.scheme = scheme;
  for (const name of ['--accent', '--accent-text', '--on-accent']) style.removeProperty(name);
  if (accent === null) return;
  const surface = surfaces[scheme];
  const fill = contrast(accent, surface) >= 1.5 ? accent : readableOn(accent, surface);
  style.setProperty('--accent', fill);
  style.setProperty('--on-accent', textOn(fill));
  style.setProperty('--accent-text', readableOn(accent, surface));
}

export function chooseScheme(
  asked: 'light' | 'dark' | undefined,
  app: AppLook['scheme'],
  systemIsLight: boolean,
): 'light' | 'dark' {
  if (asked !== undefined) return asked;
  if (app !== 'auto') return app;
  return systemIsLight ? 'light' : 'dark';
}
