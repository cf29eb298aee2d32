import { type HeadlessPlayer, joinHeadless } from './headless-player.ts';

/**
 * A headless player that speaks as our own page does: it opts into the server's notices, keeps its session's token, and
 * comes back to its session (and to its media) whenever the socket is lost.
 */
export interface SessionPlayer extends HeadlessPlayer {
  readonly sessionId: string | undefined;
  readonly playerId: string | undefined;
  readonly role: string | undefined;
  /** Why it is over, once the server has said so. */
  readonly ended: { readonly reason: string; readonly code: string } | undefined;
  /** The server has shut the door: it refused, or ended the session. */
  readonly over: boolean;
  /** How often it came back. */
  readonly returns: number;
  /** The newest of a kind. */
  last(type: string): Readonly<Record<string, unknown>> | undefined;
}

export interface SessionOptions {
  /** `http://host:port` of the control plane. */
  readonly baseUrl: string;
  readonly app: string;
  readonly ticket?: string;
  readonly role?: 'controller' | 'viewer';
  readonly sessionId?: string;
}

/** Close codes after which a page stays away: over, refused. */
const final = new Set([1000, 1001, 1008]);
const pauseMs = 500;
/** Our page reports what its browser knows so often (a little more seldom, to be kind to servers). */
const statsMs = 1_000;

export function openSession({ baseUrl, app, ...asked }: SessionOptions): SessionPlayer {
  let returns = 0;
  let closed = false;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  let counted = 0;
  const address = (more: Readonly<Record<string, string | undefined>>): string => {
    const url = new URL(`/signal/player/${app}`, baseUrl.replace(/^http/, 'ws'));
    url.searchParams.set('extensions', '1');
    for (const [name, value] of Object.entries({ ...asked, ...more }))
      if (value !== undefined) url.searchParams.set(name, value);
    return url.href;
  };
  const last = (type: string) => player.signals.findLast((signal) => signal.type === type);
  const text = (type: string, field: string) => {
    const value = last(type)?.[field];
    return typeof value === 'string' ? value : undefined;
  };
  const player: HeadlessPlayer = joinHeadless(address({}), {
    onSocketClosed(code) {
      if (closed) return;
      if (final.has(code) || last('backlot.ended')) {
        over = true;
        return;
      }
      timer = setTimeout(() => {
        returns += 1;
        const session = text('backlot.session', 'token');
        const resume = player.state === 'connected' ? text('backlot.ready', 'stream') : undefined;
        player.comeBack(address({ session, resume }));
      }, pauseMs);
    },
  });
  const reporting = setInterval(() => {
    if (player.socketClosed || player.frames === 0) return;
    const { width = null, height = null } = player.lastFrame ?? {};
    const fps = ((player.frames - counted) * 1_000) / statsMs;
    counted = player.frames;
    player.signal({ type: 'backlot.stats', fps, width, height, framesDecoded: player.frames });
  }, statsMs);
  // The getters of a player must stay getters.
  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(player),
      ...Object.getOwnPropertyDescriptors({
        last,
        get sessionId() {
          return text('backlot.session', 'sessionId');
        },
        get playerId() {
          return text('backlot.session', 'playerId');
        },
        get role() {
          return text('backlot.role', 'role') ?? text('backlot.session', 'role');
        },
        get ended() {
          const said = last('backlot.ended');
          return said && { reason: String(said.reason), code: String(said.code) };
        },
        get over() {
          return over;
        },
        get returns() {
          return returns;
        },
        close(code?: number) {
          closed = true;
          clearTimeout(timer);
          clearInterval(reporting);
          player.close(code);
        },
      }),
    },
  ) as SessionPlayer;
}
