import type { Language } from '@backlot/contract/phrase';
import { ApiClient } from '@backlot/sdk/client';
import type { Transport } from '@backlot/sdk/transport';
import { i18n } from '../i18n/i18n.ts';

let csrfToken: string | undefined;
const clients = new Map<Language, ApiClient>();

/** Set from `/api/v1/me` after each sign-in; every change made by cookie carries it. */
export function setCsrfToken(token: string | undefined): void {
  csrfToken = token;
}

/** The proof that a change was asked for by this page and not by another one. */
export function mutationHeaders(): Record<string, string> {
  return csrfToken === undefined ? {} : { 'x-csrf-token': csrfToken };
}

/** The API: same origin, the session's cookie, answers in the page's language. */
export function api(): ApiClient {
  const language: Language = i18n.language === 'zh-CN' ? 'zh-CN' : 'en';
  const known = clients.get(language);
  if (known) return known;
  const made = new ApiClient({ baseUrl: '', language, mutationHeaders });
  clients.set(language, made);
  return made;
}

/** The bare way to the API, for a workload's own routes and their own schemas. */
export function transport(): Transport {
  return api().transport;
}
