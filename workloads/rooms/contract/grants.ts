import { z } from 'zod';

/**
 * What a participant may do in a room, and the token that says so. A token is a JWT (HS256, keyed by the installation's
 * own secret), so that any replica can verify it without asking anyone; only the list of revoked ones is looked up.
 */

/** Where a published track comes from. `other` is what a client that names no source publishes. */
export const trackSources = ['microphone', 'camera', 'screen', 'screen-audio', 'other'] as const;
export const TrackSource = z.enum(trackSources);
export type TrackSource = z.infer<typeof TrackSource>;

/** Rights of one participant in one room. They can be changed while it is connected. */
export const Permissions = z.object({
  /** Sources that may be published; an empty list: nothing. */
  publish: z.array(TrackSource).max(trackSources.length),
  subscribe: z.boolean(),
  /** May send and receive data messages (chat, RPC). */
  data: z.boolean(),
  /** Others are not told that it is there. */
  hidden: z.boolean(),
  /** Moderates: kick, mute, lock, lobby, permissions of others, moving. */
  admin: z.boolean(),
});
export type Permissions = z.infer<typeof Permissions>;

export const roles = ['host', 'member', 'viewer'] as const;
export const Role = z.enum(roles);
export type Role = z.infer<typeof Role>;

/** What a role stands for. A token may name a role, or single permissions, which win. */
export const rolePermissions: Readonly<Record<Role, Permissions>> = {
  host: { publish: [...trackSources], subscribe: true, data: true, hidden: false, admin: true },
  member: { publish: [...trackSources], subscribe: true, data: true, hidden: false, admin: false },
  viewer: { publish: [], subscribe: true, data: false, hidden: false, admin: false },
};

/** Some rights; what is left out stays as it is. */
export type PermissionChanges = { readonly [K in keyof Permissions]?: Permissions[K] | undefined };

/** The permissions of a role, changed by what is given beside it. */
export function permissionsOf(role: Role, changes: PermissionChanges = {}): Permissions {
  const base = rolePermissions[role];
  return {
    publish: [...(changes.publish ?? base.publish)],
    subscribe: changes.subscribe ?? base.subscribe,
    data: changes.data ?? base.data,
    hidden: changes.hidden ?? base.hidden,
    admin: changes.admin ?? base.admin,
  };
}

/** How a room is called in addresses, tokens and signalling. */
export const RoomName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,79}$/, 'A room’s name has 1 to 80 letters, digits or . _ ~ -');
export type RoomName = z.infer<typeof RoomName>;

/**
 * A name that a new room may have. None that looks like an id: rooms are found by either, and nobody may open a room
 * that answers to the id of another one.
 */
export const NewRoomName = RoomName.refine((name) => !z.guid().safeParse(name).success, {
  message: 'A room’s name must not look like an id.',
});

/** Who somebody is in a room: chosen by whoever issues the token; unique in the room. */
export const Identity = z
  .string()
  .min(1)
  .max(120)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what must not be in it.
  .regex(/^[^\u0000-\u001f\u007f]+$/u, 'An identity has no control characters.');
export type Identity = z.infer<typeof Identity>;

export const DisplayName = z.string().max(120);

/** Claims of ours inside a token, under `grants`. */
export const Grants = z.object({
  /** The one room that it is for. */
  room: RoomName,
  /** May join. A token without it is for the API alone (WHIP, REST of this room). */
  join: z.boolean().default(true),
  /** May open the room when it is not there. */
  create: z.boolean().default(false),
  role: Role.default('member'),
  permissions: Permissions.partial().default({}),
  /** Shown to others unless the client gives a name of its own. */
  name: DisplayName.optional(),
  /** Free text that others see. */
  metadata: z.string().max(4_096).optional(),
});
export type Grants = z.infer<typeof Grants>;
export type GrantsInput = z.input<typeof Grants>;

export const tokenIssuer = 'backlot';
export const tokenAudience = 'backlot:rooms';

/** The payload of a token, verified. Times are seconds since 1970. */
export const TokenClaims = z.object({
  iss: z.literal(tokenIssuer),
  aud: z.literal(tokenAudience),
  sub: Identity,
  jti: z.uuid(),
  iat: z.number().int(),
  exp: z.number().int(),
  nbf: z.number().int().optional(),
  /** The project that the room belongs to, where it is opened by this token. */
  project: z.uuid().optional(),
  grants: Grants,
});
export type TokenClaims = z.infer<typeof TokenClaims>;

/** Seconds. */
export const tokenLifetime = { default: 6 * 3_600, max: 30 * 24 * 3_600 } as const;
