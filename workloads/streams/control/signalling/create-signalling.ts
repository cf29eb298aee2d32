import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { BacklotError, type Clock, chooseLanguage, type ErrorKind, type Language } from '@backlot/contract';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { type CloseCode, closeCodes, wireErrors } from '../../contract.ts';
import type { Instances, Sessions, Signalling } from '../ports.ts';
import { readPlayerAddress } from './arrival.ts';
import { SignallingCounters } from './counters.ts';
import { type Frame, readFrame } from './frame.ts';
import { Heartbeat } from './heartbeat.ts';
import { closeCodeOf, type House, type PeerOptions } from './house.ts';
import { type SignallingLimits, type SocketLimits, usualLimits } from './limits.ts';
import { OpenMode } from './open-mode.ts';
import { SessionPlayer } from './session-player.ts';
import { SessionStreamer } from './session-streamer.ts';
import { SignalSocket } from './signal-socket.ts';
import { Stage } from './stage.ts';
import { Turnstile } from './turnstile.ts';

export interface SignallingOptions {
  readonly sessions: Sessions;
  readonly instances: Instances;
  readonly peerOptions: PeerOptions;
  readonly openMode: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  readonly limits?: Partial<SignallingLimits>;
}

/** Signalling of one control process: its sockets, and what the other rooms may ask of it. */
export interface SignallingRoom extends Signalling {
  readonly counters: SignallingCounters;
  /** Instances that somebody is connected to, or is owed a word. */
  readonly stages: number;
  /** A socket has connected as a player; `app` when its path names one, `from` is the address that it comes from. */
  player(socket: WebSocket, request: IncomingMessage, app: string | undefined, from: string | null): void;
  /** A socket has connected as a streamer; `ticket` when its path holds one. */
  streamer(socket: WebSocket, request: IncomingMessage, ticket?: string): void;
  /** Closes all sockets (1012, come back) and every timer. */
  close(): void;
}

/** One end of a socket: what is done with its messages. */
interface Side {
  handle(frame: Frame): void;
  closed(code: number, reason: string): void;
}

/** Apps whose engines' refusals are remembered. */
const maxRemembered = 1_000;

/** Puts the room together. Everything is in memory: after a restart players and streamers come back with their tokens. */
export function createSignalling(options: SignallingOptions): SignallingRoom {
  const { clock, log, sessions, instances, peerOptions } = options;
  const limits: SignallingLimits = { ...usualLimits, ...options.limits };
  const counters = new SignallingCounters();
  const heartbeat = new Heartbeat({
    clock,
    pingMs: limits.pingMs,
    onSilent: () => {
      counters.silent += 1;
    },
  });
  const stages = new Map<string, Stage>();
  const refusals = new Map<string, Set<string>>();
  const lines = new Set<SignalSocket>();

  const house: House = {
    clock,
    log,
    limits,
    counters,
    heartbeat,
    turnstile: new Turnstile(limits.attachesAtOnce),
    sessions,
    instances,
    peerOptions,
    stage(instanceId) {
      const known = stages.get(instanceId);
      if (known) return known;
      const stage = new Stage({ id: instanceId, clock, onEmpty: () => stages.delete(instanceId) });
      stages.set(instanceId, stage);
      return stage;
    },
    refusedBy(appId) {
      const known = refusals.get(appId);
      if (known) return known;
      if (refusals.size >= maxRemembered) refusals.delete(refusals.keys().next().value ?? '');
      const refused = new Set<string>();
      refusals.set(appId, refused);
      return refused;
    },
  };
  const open = options.openMode ? new OpenMode(house, options.random ?? Math.random) : undefined;

  const refuse = (line: SignalSocket, kind: ErrorKind, language: Language, code?: CloseCode) => {
    counters.refuse(kind.code);
    const error = new BacklotError(kind, { params: { limit: limits.maxDepth } });
    line.close(code ?? closeCodeOf(kind), error.sentence(language));
  };

  /** Gives a socket its limits and its heartbeat, and its messages to a side. Nothing that it sends can throw past this. */
  const listen = (
    socket: WebSocket,
    which: {
      readonly transport: Duplex;
      readonly limits: SocketLimits;
      readonly count: 'players' | 'streamers';
      readonly language: Language;
    },
    meet: (line: SignalSocket) => Side | undefined,
  ): void => {
    const { language } = which;
    const line = new SignalSocket(socket, which.transport, which.limits, clock);
    line.onTooSlow(() => refuse(line, wireErrors.reader_too_slow, language));
    const side = meet(line);
    if (!side) return;
    counters[which.count] += 1;
    lines.add(line);
    const forget = heartbeat.watch(line);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!line.isOpen) return;
      if (!line.admit(data.length)) return refuse(line, wireErrors.frames_too_many, language);
      const frame = readFrame(data, isBinary, limits.maxDepth);
      if (typeof frame === 'string') return refuse(line, wireErrors[frame], language);
      try {
        side.handle(frame);
      } catch (error) {
        log.error({ err: error, type: frame.type.slice(0, 40) }, 'a signalling message could not be handled');
        refuse(line, wireErrors.signalling_fault, language, closeCodes.fault);
      }
    });
    socket.once('close', (code, reason) => {
      counters[which.count] -= 1;
      lines.delete(line);
      forget();
      try {
        side.closed(code, reason.toString());
      } catch (error) {
        log.error({ err: error }, 'the end of a signalling socket could not be handled');
      }
    });
  };

  return {
    counters,
    get stages() {
      return stages.size;
    },

    player(socket, request, app, from) {
      const address = readPlayerAddress(request, app, from);
      const { language, arrival } = address;
      listen(
        socket,
        { transport: request.socket, limits: limits.player, count: 'players', language },
        (line) => {
          if (arrival) {
            const player = new SessionPlayer(house, line, address, arrival);
            void player.attach();
            return player;
          }
          if (open) return open.player(line, address);
          refuse(line, wireErrors.app_not_named, language);
          return undefined;
        },
      );
    },

    streamer(socket, request, ticket) {
      const language = chooseLanguage(request.headers['accept-language']);
      listen(
        socket,
        { transport: request.socket, limits: limits.streamer, count: 'streamers', language },
        (line) => {
          if (ticket !== undefined) {
            const streamer = new SessionStreamer(house, line, language);
            void streamer.attach(ticket);
            return streamer;
          }
          if (open) return open.streamer(line, language);
          refuse(line, wireErrors.open_mode_off, language);
          return undefined;
        },
      );
    },

    hasStreamer: (instanceId) => stages.get(instanceId)?.hasStreamer ?? false,

    forgetPlayers(instanceId, playerIds) {
      if (playerIds.length === 0) return;
      const stage = house.stage(instanceId);
      for (const playerId of playerIds) stage.forget(playerId);
    },

    close() {
      heartbeat.close();
      const sentence = new BacklotError(wireErrors.signalling_restarts).sentence('en');
      for (const line of lines) line.close(closeCodes.comeBack, sentence);
      for (const stage of [...stages.values()]) stage.close();
    },
  };
}
