import { z } from 'zod';
import type { TargetKind } from './target.ts';

export const WebAddress = z.url({ protocol: /^https?$/ }).max(2_000);

/** Settings that are web addresses, whatever the kind. */
export const addressSettings = ['endpoint', 'url', 'server'] as const;

/** Where a target's kind takes what opens its server. Kinds that are left out know no sign-in of their own. */
export const signInFields: Partial<Record<TargetKind, readonly string[]>> = {
  s3: ['accessKey', 'secretKey'],
  webdav: ['user', 'password'],
  webhook: ['authorization'],
  ntfy: ['user', 'password'],
};

/** `https://user:password@host`: it would be shown and written down wherever the address is. */
export function hasSignIn(address: unknown): boolean {
  const url = urlOf(address);
  return url !== undefined && (url.username !== '' || url.password !== '');
}

type Settings = Readonly<Record<string, unknown>>;

/**
 * Settings as people may see them. A sign-in in an address is shown to nobody. Queries often hold a token, and so does
 * all that follows the host of a webhook: who may not change the target sees that there is something, and not what.
 *
 * @param changes whether they are for somebody who may change the target
 */
export function shownSettings(
  kind: TargetKind,
  settings: Settings,
  changes: boolean,
): Record<string, unknown> {
  const shown = addressSettings.flatMap((name) => {
    const url = urlOf(settings[name]);
    return url ? [[name, shownAddress(kind, url, String(settings[name]), changes)] as const] : [];
  });
  return { ...settings, ...Object.fromEntries(shown) };
}

/** Addresses that came back as they were shown are as they are stored, with the sign-in that nobody was shown. */
export function keepStored(kind: TargetKind, given: Settings, stored: Settings): Record<string, unknown> {
  const shown = shownSettings(kind, stored, true);
  const kept = addressSettings.flatMap((name) =>
    given[name] !== undefined && given[name] === shown[name] ? [[name, stored[name]] as const] : [],
  );
  return { ...given, ...Object.fromEntries(kept) };
}

function shownAddress(kind: TargetKind, url: URL, address: string, changes: boolean): string {
  const open = hasSignIn(address) ? withoutSignIn(url) : address;
  if (changes) return open;
  const query = url.search.length > 1 || url.hash.length > 1 ? '?…' : '';
  if (kind !== 'webhook') return query === '' ? open : `${url.origin}${url.pathname}${query}`;
  return `${url.origin}${url.pathname.length > 1 ? '/…' : url.pathname}${query}`;
}

function withoutSignIn(url: URL): string {
  const open = new URL(url);
  open.username = '';
  open.password = '';
  return open.href;
}

function urlOf(address: unknown): URL | undefined {
  return typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
}
