import type { IncomingMessage } from 'node:http';
import { chooseLanguage, type Language } from '@backlot/contract';
import { PlayerRole } from '../../contract.ts';
import type { PlayerArrival } from '../ports.ts';

/** What the address and the headers of a player's socket say. */
export interface PlayerAddress {
  /** Undefined where the address names no app: then it is one for the open mode. */
  readonly arrival: PlayerArrival | undefined;
  readonly language: Language;
  /** The page makes the offer (`OfferToReceive=true`, the page's `BrowserSendOffer`). */
  readonly pageOffers: boolean;
  /** The stream whose peer connection the page still has. */
  readonly resume: string | undefined;
}

const maxText = 4_096;

/**
 * Reads a player's address: `/signal/player/{app}?…`, or `/?app=…` for pages that only know a host. Unknown parameters
 * are Epic's page's own settings and of no meaning here.
 */
export function readPlayerAddress(
  request: IncomingMessage,
  appInPath: string | undefined,
  from: string | null,
): PlayerAddress {
  const query = queryOf(request.url);
  const text = (name: string) => {
    const value = query.get(name);
    return value === null || value === '' || value.length > maxText ? undefined : value;
  };
  const app = appInPath ?? text('app');
  const [ticket, session, sessionId] = [text('ticket'), text('session'), text('sessionId')];
  const role = PlayerRole.safeParse(text('role'));
  return {
    arrival:
      app === undefined
        ? undefined
        : {
            app,
            ...(ticket === undefined ? {} : { ticket }),
            ...(session === undefined ? {} : { session }),
            ...(sessionId === undefined ? {} : { sessionId }),
            ...(role.success ? { role: role.data } : {}),
            extensions: isOn(text('extensions')),
            address: from,
            userAgent: request.headers['user-agent']?.slice(0, 300) ?? null,
          },
    language: chooseLanguage(request.headers['accept-language']),
    pageOffers: isOn(text('OfferToReceive')),
    resume: text('resume'),
  };
}

function isOn(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

function queryOf(url: string | undefined): URLSearchParams {
  const at = url?.indexOf('?') ?? -1;
  return new URLSearchParams(at === -1 ? '' : url?.slice(at + 1));
}
