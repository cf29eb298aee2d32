import type { types } from 'mediasoup';
import type { PlainTransportView, WebRtcTransportView } from '../../../contract/media/calls.ts';
import type { IceCandidate } from '../../../contract/media/rtp.ts';
import { Refusal } from '../refusal.ts';
import type { TransportEntry } from '../room/entries.ts';
import type { MediaRoom } from '../room/media-room.ts';
import type { RoomSite } from '../room/room-site.ts';
import { tellBandwidth } from '../room/tell-bandwidth.ts';
import { Relay } from '../throttle/relay.ts';
import type { Handlers } from './handler.ts';

export const transportCalls: Handlers<
  | 'createWebRtcTransport'
  | 'createPlainTransport'
  | 'connectWebRtcTransport'
  | 'connectPlainTransport'
  | 'restartIce'
  | 'closeTransport'
> = {
  async createWebRtcTransport(
    room,
    { owner, direction, forceTcp, sctp, codecs, tellBandwidth: tell, appData },
  ) {
    const { host, settings } = room.parts;
    if (forceTcp && !host.enableTcp) throw new Refusal('invalid', 'This node offers no media over TCP.');
    if (codecs && direction !== 'recv')
      throw new Refusal('invalid', 'Only a receiving transport can have codecs of its own.');
    const packets = room.expectedOfViewer();
    const site = direction === 'recv' ? await room.sites.forViewer(packets, codecs) : await room.sites.home();
    const running = site.slot.running;
    if (!running) throw new Refusal('unavailable', 'Its worker has just died.');
    const transport = await site.router.createWebRtcTransport({
      webRtcServer: running.server,
      enableUdp: !forceTcp,
      enableTcp: host.enableTcp,
      preferUdp: true,
      iceConsentTimeout: settings.iceConsentTimeoutS,
      initialAvailableOutgoingBitrate: settings.initialOutgoingBitrate,
      enableSctp: sctp,
      maxSendMessageSize: settings.maxMessageSize,
      maxReceiveMessageSize: settings.maxMessageSize,
    });
    try {
      if (direction !== 'recv') await transport.setMaxIncomingBitrate(settings.maxIncomingBitrate);
      const relay = room.throttles.has(owner) && !forceTcp ? await openRelay(room, site, owner) : undefined;
      const entry: TransportEntry = { transport, owner, direction, site, appData, relay };
      room.adopt(entry);
      if (tell) await tellBandwidth({ events: room.events, clock: room.parts.clock }, owner, transport);
      if (direction === 'recv') site.slot.ledger.reserve(transport.id, packets);
      return viewOf(room, entry, transport);
    } catch (error) {
      transport.close();
      throw error;
    }
  },

  async createPlainTransport(room, { owner, direction, rtcpMux, comedia, srtp, appData }) {
    const { listenIp, announcedAddresses } = room.parts.host;
    const [announcedAddress] = announcedAddresses;
    const packets = room.expectedOfViewer();
    const site = direction === 'recv' ? await room.sites.forViewer(packets) : await room.sites.home();
    const transport = await site.router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: listenIp, ...(announcedAddress ? { announcedAddress } : {}) },
      rtcpMux,
      comedia,
      enableSrtp: srtp !== undefined,
      ...(srtp === undefined ? {} : { srtpCryptoSuite: srtp }),
    });
    room.adopt({ transport, owner, direction, site, appData, relay: undefined });
    if (direction === 'recv') site.slot.ledger.reserve(transport.id, packets);
    return plainView(transport);
  },

  async connectWebRtcTransport(room, { transportId, owner, dtlsParameters }) {
    const transport = webRtc(room.find('transport', room.transports, transportId, owner));
    await transport.connect({ dtlsParameters: dtlsParameters as types.DtlsParameters });
    const { role } = transport.dtlsParameters;
    return role === undefined ? {} : { dtlsLocalRole: role };
  },

  async connectPlainTransport(room, { transportId, owner, ip, port, rtcpPort, srtpParameters }) {
    const { transport } = room.find('transport', room.transports, transportId, owner);
    if (transport.type !== 'plain') throw new Refusal('invalid', 'This is no plain transport.');
    await transport.connect({
      ...(ip === undefined ? {} : { ip }),
      ...(port === undefined ? {} : { port }),
      ...(rtcpPort === undefined ? {} : { rtcpPort }),
      ...(srtpParameters === undefined ? {} : { srtpParameters }),
    });
    return plainView(transport);
  },

  async restartIce(room, { transportId, owner }) {
    const entry = room.find('transport', room.transports, transportId, owner);
    const transport = webRtc(entry);
    const iceParameters = await transport.restartIce();
    return { iceParameters, iceCandidates: candidatesOf(room, entry, transport) };
  },

  closeTransport(room, { transportId, owner }) {
    room.find('transport', room.transports, transportId, owner).transport.close();
    return {};
  },
};

function webRtc({ transport }: TransportEntry): types.WebRtcTransport {
  if (transport.type !== 'webrtc') throw new Refusal('invalid', 'This is no WebRTC transport.');
  return transport;
}

function viewOf(
  room: MediaRoom,
  entry: TransportEntry,
  transport: types.WebRtcTransport,
): WebRtcTransportView {
  const { id, iceParameters, dtlsParameters, sctpParameters } = transport;
  return {
    transportId: id,
    iceParameters,
    iceCandidates: candidatesOf(room, entry, transport),
    dtlsParameters,
    ...(sctpParameters ? { sctpParameters: { ...sctpParameters } } : {}),
  };
}

function plainView({ id, tuple, rtcpTuple, srtpParameters }: types.PlainTransport): PlainTransportView {
  return {
    transportId: id,
    tuple,
    ...(rtcpTuple ? { rtcpTuple } : {}),
    ...(srtpParameters ? { srtpParameters } : {}),
  };
}

/** Where a client may reach the transport: the worker's port by every announced address, or the relay alone. */
function candidatesOf(
  room: MediaRoom,
  entry: TransportEntry,
  transport: types.WebRtcTransport,
): IceCandidate[] {
  const [, ...further] = room.parts.host.announcedAddresses;
  const own = transport.iceCandidates.map(({ tcpType, ...candidate }) => ({
    ...candidate,
    ...(tcpType ? { tcpType } : {}),
  }));
  const { relay } = entry;
  if (relay)
    return own
      .filter(({ protocol }) => protocol === 'udp')
      .slice(0, 1)
      .map((candidate) => ({ ...candidate, port: relay.port }));
  const others = further.flatMap((address, index) =>
    own.map((candidate) => ({
      ...candidate,
      ip: address,
      address,
      foundation: `${candidate.foundation}${index + 1}`,
      // Behind the first address, in their order.
      priority: Math.max(1, candidate.priority - (index + 1) * 256),
    })),
  );
  return [...own, ...others];
}

function openRelay(room: MediaRoom, site: RoomSite, owner: string): Promise<Relay> {
  const { host, clock, random } = room.parts;
  const { listenIp } = host;
  return Relay.open({
    listenIp,
    target: {
      ip: listenIp === '0.0.0.0' ? '127.0.0.1' : listenIp === '::' ? '::1' : listenIp,
      port: site.slot.port,
    },
    throttle: room.throttles.get(owner) ?? null,
    clock,
    random,
  });
}
