import { createHmac } from 'node:crypto';
import type { Permissions, Role } from '../../contract/grants.ts';
import type { Participant } from '../../contract/room.ts';
import type { NuveRoom, NuveService } from './nuve-store.ts';

/** licode's roles, and what they are here. What a viewer may not, it is not given: the server decides, not the client. */
export const nuveRoles: Readonly<
  Record<string, { readonly role: Role; readonly permissions: Partial<Permissions> }>
> = {
  presenter: { role: 'member', permissions: {} },
  viewer: { role: 'viewer', permissions: {} },
  viewerWithData: { role: 'viewer', permissions: { data: true } },
};

/** The role that a participant would have been given by Nuve. */
export function nuveRoleOf({ role, permissions }: Pick<Participant, 'role' | 'permissions'>): string {
  if (role !== 'viewer' || permissions.publish.length > 0) return 'presenter';
  return permissions.data ? 'viewerWithData' : 'viewer';
}

export function roomBody({ id, name, facts }: NuveRoom) {
  return { _id: id, name, ...facts };
}

export function serviceBody({ id, name, key }: NuveService, rooms: readonly NuveRoom[]) {
  return { _id: id, name, key, rooms: rooms.map(roomBody) };
}

export function userBody(participant: Participant) {
  return { name: participant.identity, role: nuveRoleOf(participant), id: participant.identity };
}

/**
 * licode's token: base64 of JSON, with the HMAC-SHA1 of `tokenId,host` that its clients pass on. Beside it stands what our
 * signalling wants: the room's name and the JWT.
 */
export function tokenText(token: {
  readonly tokenId: string;
  readonly publicUrl: string;
  readonly room: string;
  readonly jwt: string;
  readonly signingKey: Uint8Array;
}): string {
  const { protocol, host } = new URL(token.publicUrl);
  const hex = createHmac('sha1', token.signingKey).update(`${token.tokenId},${host}`).digest('hex');
  const body = {
    tokenId: token.tokenId,
    host,
    secure: protocol === 'https:',
    signature: Buffer.from(hex).toString('base64'),
    room: token.room,
    token: token.jwt,
  };
  return Buffer.from(JSON.stringify(body)).toString('base64');
}
