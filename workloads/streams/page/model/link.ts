import type { StreamRole } from '@backlot/sdk/streams';

export type PageLanguage = 'en' | 'zh-CN';

/** What the address of the page asks for: `/s/{app}?role=&watch=&language=&scheme=#ticket=`. */
export interface PlayerLink {
  readonly app: string;
  readonly ticket: string | undefined;
  readonly role: StreamRole | undefined;
  /** Id of a session to watch. */
  readonly watch: string | undefined;
  readonly language: PageLanguage | undefined;
  readonly scheme: 'light' | 'dark' | undefined;
}

export function readLink(address: URL): PlayerLink {
  const { searchParams: query } = address;
  const [, app = ''] = /\/s\/([^/]+)/.exec(address.pathname) ?? [];
  const fragment = new URLSearchParams(address.hash.slice(1));
  return {
    app: decode(app),
    ticket: fragment.get('ticket') ?? query.get('ticket') ?? undefined,
    role: oneOf(query.get('role'), ['controller', 'viewer']),
    watch: query.get('watch') ?? undefined,
    language: oneOf(query.get('language'), ['en', 'zh-CN']),
    scheme: oneOf(query.get('scheme'), ['light', 'dark']),
  };
}

/** The page's language: asked for, chosen before, else the first of the browser's that there is. */
export function chooseLanguage(
  asked: PageLanguage | undefined,
  kept: string | null,
  preferred: readonly string[],
): PageLanguage {
  if (asked !== undefined) return asked;
  if (kept === 'en' || kept === 'zh-CN') return kept;
  for (const one of preferred) {
    if (/^zh\b/i.test(one)) return 'zh-CN';
    if (/^en\b/i.test(one)) return 'en';
  }
  return 'en';
}

/** Black or white, whichever is easier to read on a colour (WCAG 2 relative luminance). `#rrggbb`. */
export function textOn(colour: string): '#000000' | '#ffffff' {
  return 1.05 / (luminance(colour) + 0.05) >= 4.5 ? '#ffffff' : '#000000';
}

/** A colour as text on a surface: as it is where it reaches 4.5:1, else mixed with black or white until it does. */
export function readableOn(colour: string, surface: string): string {
  const light = luminance(surface) > 0.5;
  for (let step = 0; step <= 20; step += 1) {
    const mixed = mix(colour, light ? '#000000' : '#ffffff', step / 20);
    if (contrast(mixed, surface) >= 4.5) return mixed;
  }
  return light ? '#000000' : '#ffffff';
}

export function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

function mix(colour: string, into: string, share: number): string {
  const other = channels(into);
  const mixed = channels(colour).map((value, at) => Math.round(value + ((other[at] ?? 0) - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function oneOf<const T extends string>(value: string | null, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}
