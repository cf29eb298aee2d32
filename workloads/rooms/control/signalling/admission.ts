import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BacklotError, chooseLanguage, type Language } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { roomErrors } from '../../contract/errors.ts';
import { Identity, permissionsOf, RoomName, type TokenClaims } from '../../contract/grants.ts';
import { tokenProtocol } from '../../contract/signalling.ts';
import { openingProject } from '../http/opening-project.ts';
import type { EntryRequest, RoomTokens } from '../ports.ts';
import { type Vocabulary, vocabularyOfAddress } from './vocabulary.ts';

/** Most further consumers of every track that an address may ask for. */
const maxReplicas = 20;

/** What the address and headers of a socket say, before anything is verified. */
export interface Arrival {
  readonly room: string;
  /** What it calls itself; only counts without a token. */
  readonly identity: string | null;
  readonly token: string | null;
  readonly vocabulary: Vocabulary;
  readonly consumerReplicas: number;
  readonly language: Language;
}

/** Reads the address of a socket. @throws room_not_found for what can be no room */
export function readArrival(request: Pick<IncomingMessage, 'url' | 'headers'>): Arrival {
  const params = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const protocols = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const inProtocol = protocols.find((name) => name.startsWith(tokenProtocol))?.slice(tokenProtocol.length);
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const room = RoomName.safeParse(params.get('roomId') ?? '');
  if (!room.success) {
    throw new BacklotError(roomErrors.room_not_found, {
      params: { room: (params.get('roomId') ?? '').slice(0, 80) },
    });
  }
  const identity = Identity.safeParse(params.get('peerId'));
  const replicas = Number(params.get('consumerReplicas') ?? 0);
  return {
    room: room.data,
    identity: identity.success ? identity.data : null,
    token: inProtocol ?? params.get('token') ?? bearer ?? null,
    vocabulary: vocabularyOfAddress(params, protocols, tokenProtocol),
    consumerReplicas: Number.isInteger(replicas) ? Math.min(Math.max(0, replicas), maxReplicas) : 0,
    language: chooseLanguage(params.get('lang') ?? request.headers['accept-language']),
  };
}

/** Who somebody is and with which rights they may enter. */
export type Admission = Omit<EntryRequest, 'listener' | 'sessionId'>;

/**
 * Verifies a token, offline but for the list of the revoked; without one it is the open mode, where that is on.
 * @throws room_token_invalid, room_token_required
 */
export async function admit(
  deps: { readonly kernel: Kernel; readonly tokens: RoomTokens; readonly open: boolean },
  arrival: Arrival,
): Promise<Admission> {
  const common = {
    room: arrival.room,
    via: 'signalling',
    language: arrival.language,
    resumable: arrival.vocabulary === 'backlot',
  } as const;
  if (arrival.token === null) {
    if (!deps.open) throw new BacklotError(roomErrors.room_token_required);
    const projectId = await openingProject(deps, { claims: null });
    const identity = arrival.identity ?? `guest-${randomBytes(6).toString('hex')}`;
    return {
      ...common,
      identity,
      name: '',
      role: 'member',
      permissions: permissionsOf('member'),
      claims: null,
      hostIfFirst: true,
      ...(projectId === undefined
        ? {}
        : { createIn: { projectId, settings: { bot: arrival.vocabulary !== 'backlot' } } }),
    };
  }
  const claims = await deps.tokens.verify(arrival.token);
  requireFor(arrival.room, claims);
  const { grants, sub } = claims;
  const projectId = await openingProject(deps, { claims });
  return {
    ...common,
    identity: sub,
    name: grants.name ?? '',
    role: grants.role,
    permissions: permissionsOf(grants.role, grants.permissions),
    claims,
    ...(grants.metadata === undefined ? {} : { metadata: grants.metadata }),
    ...(projectId === undefined ? {} : { createIn: { projectId } }),
  };
}

function requireFor(room: string, { grants }: TokenClaims): void {
  const refuse = (reason: string) => new BacklotError(roomErrors.room_token_invalid, { params: { reason } });
  if (grants.room !== room) throw refuse('it is for another room');
  if (!grants.join) throw refuse('it does not let anybody join');
}
