import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import type { MethodData, MethodName } from '../../contract/signalling.ts';
import type { Moderator, Rooms, Seat } from '../ports.ts';
import type { CheckedCall } from './read-frame.ts';
import { sameSecret } from './secret.ts';

/** What a method of signalling works with. */
export interface CallContext {
  readonly rooms: Rooms;
  readonly seat: Seat;
  /** Null: nobody may impair their own network. */
  readonly throttleSecret: string | null;
  /** Its client wants to know what it can be sent: that of 2024 shows it. */
  readonly tellBandwidth: boolean;
  /** Further consumers of every track, from the socket's address. */
  readonly consumerReplicas: number;
  /** Writes down what a moderator has done to others. */
  audit(action: string, by: Moderator, what: Readonly<Record<string, unknown>>): Promise<void>;
}

/** Methods that the session itself answers. */
type SessionMethod = 'resume' | 'ack' | 'leave';
type Handlers = {
  readonly [M in Exclude<MethodName, SessionMethod>]: (
    context: CallContext,
    data: MethodData<M>,
  ) => Promise<object>;
};

const done = {};

/** What every method does, answered in our own words. Rights are the seat's to check; moderators' here. */
const handlers: Handlers = {
  getRouterRtpCapabilities: async ({ seat }) => ({
    routerRtpCapabilities: await seat.routerRtpCapabilities(),
  }),
  getRtcStatsUrl: async () => done,
  join: async ({ seat, consumerReplicas }, data) =>
    seat.join({
      displayName: data.displayName,
      device: data.device,
      data: true,
      consumerReplicas,
      ...(data.rtpCapabilities ? { rtpCapabilities: data.rtpCapabilities } : {}),
    }),
  createWebRtcTransport: async ({ seat, tellBandwidth }, data) => {
    const direction = directionOf(data);
    const { id, ...offer } = await seat.createWebRtcTransport({
      direction,
      tellBandwidth: tellBandwidth && direction === 'consumer',
      forceTcp: data.forceTcp ?? false,
      sctp: true,
    });
    return { transportId: id, ...offer };
  },
  connectWebRtcTransport: async ({ seat }, data) =>
    after(seat.connectWebRtcTransport(data.transportId, data.dtlsParameters)),
  restartIce: async ({ seat }, data) => ({ iceParameters: await seat.restartIce(data.transportId) }),
  closeTransport: async ({ seat }, data) => after(seat.closeTransport(data.transportId)),

  produce: async ({ seat }, data) => {
    const { id } = await seat.produce({
      transportId: data.transportId,
      kind: data.kind,
      rtpParameters: data.rtpParameters,
      appData: data.appData,
      paused: data.paused ?? false,
    });
    return { producerId: id };
  },
  closeProducer: async ({ seat }, data) => after(seat.closeProducer(data.producerId)),
  pauseProducer: async ({ seat }, data) => after(seat.pauseProducer(data.producerId)),
  resumeProducer: async ({ seat }, data) => after(seat.resumeProducer(data.producerId)),

  pauseConsumer: async ({ seat }, data) => after(seat.pauseConsumer(data.consumerId)),
  resumeConsumer: async ({ seat }, data) => after(seat.resumeConsumer(data.consumerId)),
  setConsumerPreferredLayers: async ({ seat }, data) =>
    after(
      seat.setPreferredLayers(data.consumerId, {
        spatialLayer: data.spatialLayer,
        ...(data.temporalLayer == null ? {} : { temporalLayer: data.temporalLayer }),
      }),
    ),
  setConsumerPriority: async ({ seat }, data) => after(seat.setPriority(data.consumerId, data.priority)),
  requestConsumerKeyFrame: async ({ seat }, data) => after(seat.requestKeyFrame(data.consumerId)),
  subscribe: async ({ seat }, data) => after(seat.subscribe(data.producerIds)),
  unsubscribe: async ({ seat }, data) => after(seat.unsubscribe(data.producerIds)),
  setViewport: async ({ seat }, data) =>
    after(
      seat.setViewport(
        data.views.map(({ priority, ...view }) => ({
          ...view,
          ...(priority === undefined ? {} : { priority }),
        })),
      ),
    ),

  produceData: async ({ seat }, data) => {
    const { transportId, sctpStreamParameters, label, protocol, appData } = data;
    const { id } = await seat.produceData({ transportId, sctpStreamParameters, label, protocol, appData });
    return { dataProducerId: id };
  },
  closeDataProducer: async ({ seat }, data) => after(seat.closeDataProducer(data.dataProducerId)),
  changeDisplayName: async ({ seat }, data) => after(seat.setName(data.displayName)),

  getTransportStats: async ({ seat }, data) => ({ stats: await seat.stats('transport', data.transportId) }),
  getProducerStats: async ({ seat }, data) => ({ stats: await seat.stats('producer', data.producerId) }),
  getConsumerStats: async ({ seat }, data) => ({ stats: await seat.stats('consumer', data.consumerId) }),
  getDataProducerStats: async ({ seat }, data) => ({
    stats: await seat.stats('dataProducer', data.dataProducerId),
  }),
  getDataConsumerStats: async ({ seat }, data) => ({
    stats: await seat.stats('dataConsumer', data.dataConsumerId),
  }),

  applyNetworkThrottle: async (context, data) => {
    requireSecret(context, data.secret);
    return after(context.seat.throttle(throttleOf(data)));
  },
  resetNetworkThrottle: async (context, data) => {
    requireSecret(context, data.secret);
    return after(context.seat.throttle(null));
  },
  stopNetworkThrottle: async (context, data) => {
    requireSecret(context, data.secret);
    return after(context.seat.throttle(null));
  },

  kickPeer: async (context, data) => {
    const options = { revoke: data.revoke, ...(data.reason === undefined ? {} : { reason: data.reason }) };
    return moderate(context, 'room.kick', { identity: data.peerId, ...options }, (by) =>
      context.rooms.kick(context.seat.roomId, data.peerId, by, options),
    );
  },
  mutePeer: async (context, data) => {
    const what = {
      muted: data.muted,
      ...(data.producerId === undefined ? {} : { producerId: data.producerId }),
      ...(data.kind === undefined ? {} : { kind: data.kind }),
    };
    const action = data.muted ? 'room.mute' : 'room.unmute';
    return moderate(context, action, { identity: data.peerId, ...what }, async (by) => ({
      producerIds: await context.rooms.mute(context.seat.roomId, data.peerId, what, by),
    }));
  },
  muteAll: async (context, { kind }) =>
    moderate(context, 'room.mute-all', { kind }, async (by) => ({
      producerIds: await context.rooms.muteAll(context.seat.roomId, kind, by),
    })),
  lockRoom: async (context, { locked }) =>
    moderate(context, locked ? 'room.lock' : 'room.unlock', { locked }, async (by) => {
      await context.rooms.change(context.seat.roomId, { locked }, by);
    }),
  setLobby: async (context, data) =>
    moderate(context, 'room.change', { lobby: data.enabled }, async (by) => {
      await context.rooms.change(context.seat.roomId, { lobby: data.enabled }, by);
    }),
  admitPeer: async (context, data) =>
    moderate(context, 'room.admit', { identity: data.peerId }, (by) =>
      context.rooms.admit(context.seat.roomId, data.peerId, by),
    ),
  denyPeer: async (context, data) =>
    moderate(context, 'room.deny', { identity: data.peerId }, (by) =>
      context.rooms.deny(context.seat.roomId, data.peerId, by, data.reason),
    ),
  setPermissions: async (context, { peerId, permissions }) =>
    moderate(context, 'room.permissions', { identity: peerId, permissions }, async (by) => {
      await context.rooms.setPermissions(context.seat.roomId, peerId, permissions, by);
    }),
  setRole: async (context, { peerId, role }) =>
    moderate(context, 'room.permissions', { identity: peerId, role }, async (by) => {
      await context.rooms.setRole(context.seat.roomId, peerId, role, by);
    }),
  movePeer: async (context, data) =>
    moderate(context, 'room.move', { identity: data.peerId, to: data.roomId }, (by) =>
      context.rooms.move(context.seat.roomId, data.peerId, data.roomId, by),
    ),

  sendData: async ({ rooms, seat }, data) => {
    if (!seat.joined) throw new BacklotError(roomErrors.not_joined, { params: { method: 'sendData' } });
    if (!seat.self.permissions.data) {
      throw new BacklotError(roomErrors.room_forbidden, { params: { permission: 'data' } });
    }
    const sent = await rooms.sendData(seat.roomId, {
      from: seat.identity,
      topic: data.topic,
      payload: data.payload,
      ...(data.to === undefined ? {} : { to: data.to }),
    });
    return { sent };
  },
  rpc: async ({ seat }, data) => ({
    payload: await seat.rpc(data.to, data.method, data.payload, data.timeoutMs),
  }),
};

/** Runs a checked call. Methods of the session itself never come here. */
export async function dispatch(
  context: CallContext,
  call: Exclude<CheckedCall, { method: SessionMethod }>,
): Promise<object> {
  // The table and the call agree in their types for each method; TypeScript can't follow that over a union.
  const handler = handlers[call.method] as (context: CallContext, data: unknown) => Promise<object>;
  return await handler(context, call.data);
}

async function after(work: Promise<unknown>): Promise<object> {
  await work;
  return done;
}

/** What only moderators may do: rights are looked at before, and it is written down after it was done. */
async function moderate(
  context: CallContext,
  action: string,
  what: Readonly<Record<string, unknown>>,
  act: (by: Moderator) => Promise<void> | Promise<{ producerIds: string[] }>,
): Promise<object> {
  const by = moderator(context);
  const answer = await act(by);
  await context.audit(action, by, what);
  return answer ?? done;
}

/** A transport that does both counts as one that sends: its producers must be on the room's home router. */
function directionOf(data: MethodData<'createWebRtcTransport'>): 'producer' | 'consumer' {
  const said = data.appData?.direction;
  if (said !== undefined) return said;
  return data.consuming === true && data.producing !== true ? 'consumer' : 'producer';
}

/** The demo has kilobits and percent; we have bits and shares. */
function throttleOf(data: MethodData<'applyNetworkThrottle'>) {
  const given = { ...data, ...data.options };
  const uplink = given.uplink ?? given.up;
  const downlink = given.downlink ?? given.down;
  return {
    ...(uplink ? { uplinkBps: uplink * 1_000 } : {}),
    ...(downlink ? { downlinkBps: downlink * 1_000 } : {}),
    rttMs: given.rtt ?? 0,
    loss: (given.packetLoss ?? 0) / 100,
  };
}

function requireSecret({ throttleSecret }: CallContext, given: string): void {
  if (throttleSecret !== null && sameSecret(given, throttleSecret)) return;
  throw new BacklotError(roomErrors.throttle_refused);
}

function moderator({ seat }: CallContext): Moderator {
  const { self } = seat;
  if (!seat.joined) throw new BacklotError(roomErrors.not_joined, { params: { method: 'moderate' } });
  if (!self.permissions.admin) {
    throw new BacklotError(roomErrors.room_forbidden, { params: { permission: 'admin' } });
  }
  return { name: self.displayName || self.id, identity: self.id, actor: null };
}
