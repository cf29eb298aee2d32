/**
 * What the player page and the page around it say to each other by `postMessage`. Plain JSON, so that a page without
 * the SDK can do it too. `source` tells them from the messages of others.
 */
export const playerSource = 'backlot-player';
export const hostSource = 'backlot-host';

/** From the player: an event of the session, by its name in `StreamEvents`. */
export interface PlayerMessage {
  readonly source: typeof playerSource;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** From the page around it. */
export type HostCall =
  | { readonly call: 'command'; readonly descriptor: object }
  | { readonly call: 'interaction'; readonly descriptor: object | string }
  | { readonly call: 'mute'; readonly muted: boolean }
  | { readonly call: 'stay' | 'takeControl' | 'end' | 'focus' };
export type HostMessage = { readonly source: typeof hostSource } & HostCall;

export function readPlayerMessage(data: unknown): PlayerMessage | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const message: { source?: unknown; event?: unknown; data?: unknown } = data;
  if (message.source !== playerSource || typeof message.event !== 'string') return undefined;
  const body = typeof message.data === 'object' && message.data !== null ? message.data : {};
  return { source: playerSource, event: message.event, data: Object.fromEntries(Object.entries(body)) };
}

export function readHostCall(data: unknown): HostCall | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const message: { source?: unknown; call?: unknown; descriptor?: unknown; muted?: unknown } = data;
  if (message.source !== hostSource) return undefined;
  const { call, descriptor } = message;
  switch (call) {
    case 'command':
      return typeof descriptor === 'object' && descriptor !== null ? { call, descriptor } : undefined;
    case 'interaction':
      if (typeof descriptor === 'string') return { call, descriptor };
      return typeof descriptor === 'object' && descriptor !== null ? { call, descriptor } : undefined;
    case 'mute':
      return { call, muted: message.muted !== false };
    case 'stay':
    case 'takeControl':
    case 'end':
    case 'focus':
      return { call };
    default:
      return undefined;
  }
}
