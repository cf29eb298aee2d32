import { BacklotError } from '@backlot/contract';
import { roomErrors } from '../../contract/errors.ts';
import type { EndReason, PeerInfo, ResumeAnswer, SelfInfo } from '../../contract/signalling.ts';
import type { ConsumerOffer, JoinRequest, JoinResult, Seat, SeatListener } from '../ports.ts';
import { listenToBotChannel } from './bot.ts';
import type { LiveRoom } from './live-room.ts';
import { arrived } from './media-events.ts';
import type { Member } from './member.ts';
import { drop, dropData, isForBot, offerAll, offerData, settle } from './offers.ts';
import { arrive, depart, peersFor, tellLobby } from './presence.ts';
import { closeTrack, type Produce, publish, setTrackPaused } from './publish.ts';
import { createPlainTransport, createWebRtcTransport } from './transports.ts';
import { selfInfo } from './views.ts';

/** Data channels of one participant, and consumers of one thing by one participant. */
const maxDataProducers = 64;
const maxOfOne = 4;

/** A participant's place in a room: `Seat` of the ports, over the room and its media host. */
export class RoomSeat implements Seat {
  readonly #room: LiveRoom;
  readonly #member: Member;

  constructor(room: LiveRoom, member: Member) {
    this.#room = room;
    this.#member = member;
  }

  get roomId(): string {
    return this.#room.id;
  }
  get roomName(): string {
    return this.#room.row.name;
  }
  get identity(): string {
    return this.#member.identity;
  }
  get self(): SelfInfo {
    return selfInfo(this.#member);
  }
  get joined(): boolean {
    return this.#member.joined && !this.#member.ended;
  }
  get closed(): boolean {
    return this.#member.ended;
  }
  get member(): Member {
    return this.#member;
  }

  async routerRtpCapabilities() {
    return await this.#room.place.call('getRouterRtpCapabilities', {});
  }

  async join(request: JoinRequest): Promise<JoinResult> {
    const { self } = this;
    const member = this.#member;
    const room = this.#room;
    this.#alive();
    if (member.joined) throw new BacklotError(roomErrors.already_joined);
    if (request.displayName !== undefined && request.displayName !== '') member.name = request.displayName;
    member.device = request.device ?? {};
    if (member.waiting) {
      tellLobby(room);
      return { state: 'lobby', self, room: { id: room.id, name: room.row.name } };
    }
    // Others may have joined since it was let in, and those who have not joined yet are not counted there.
    const limit = room.row.settings.maxParticipants;
    if (room.size >= limit) {
      throw new BacklotError(roomErrors.room_full, { params: { room: room.row.name, limit } });
    }
    member.rtpCapabilities = request.rtpCapabilities ?? null;
    member.data = request.data;
    member.replicas = request.consumerReplicas ?? 0;
    // Whoever comes back from the lobby brings its place; else media is made when the first transport is.
    await arrive(room, member);
    this.#alive();
    return { state: 'joined', self: this.self, room: room.info, peers: peersFor(room, member) };
  }

  async leave(reason: EndReason = 'left'): Promise<void> {
    await depart(this.#room, this.#member, { reason, silent: reason === 'left' });
  }

  attach(listener: SeatListener | null): void {
    this.#member.listener = listener;
    this.#member.away = listener === null && this.#member.via === 'signalling';
  }

  /** Its signalling is broken for the moment, but its listener keeps what is told. */
  away(away: boolean): void {
    if (this.#member.away === away || this.#member.ended) return;
    this.#member.away = away;
    if (this.#member.joined) this.#room.participantChanged(this.#member);
  }

  peers(): PeerInfo[] {
    return peersFor(this.#room, this.#member);
  }

  async createWebRtcTransport(request: Parameters<Seat['createWebRtcTransport']>[0]) {
    this.#admitted('createWebRtcTransport');
    return await createWebRtcTransport(this.#room, this.#member, request);
  }

  async createPlainTransport(request: Parameters<Seat['createPlainTransport']>[0]) {
    this.#admitted('createPlainTransport');
    return await createPlainTransport(this.#room, this.#member, request);
  }

  async connectWebRtcTransport(...[transportId, dtlsParameters]: Parameters<Seat['connectWebRtcTransport']>) {
    this.#transport(transportId);
    const { identity: owner } = this.#member;
    await this.#room.place.call(
      'connectWebRtcTransport',
      { transportId, owner, dtlsParameters },
      { about: transportId },
    );
  }

  async connectPlainTransport(...[transportId, remote]: Parameters<Seat['connectPlainTransport']>) {
    this.#transport(transportId);
    const { identity: owner } = this.#member;
    await this.#room.place.call(
      'connectPlainTransport',
      { transportId, owner, ...remote },
      { about: transportId },
    );
  }

  async restartIce(transportId: string) {
    this.#transport(transportId);
    const { identity: owner } = this.#member;
    const answer = await this.#room.place.call('restartIce', { transportId, owner }, { about: transportId });
    return answer.iceParameters;
  }

  async closeTransport(transportId: string): Promise<void> {
    this.#transport(transportId);
    const { identity: owner } = this.#member;
    await this.#room.place.call('closeTransport', { transportId, owner }, { about: transportId });
    for (const track of [...this.#member.tracks.values()]) {
      if (track.transportId === transportId) closeTrack(this.#room, this.#member, track);
    }
    this.#member.forgetTransport(transportId);
  }

  async produce(request: Produce) {
    this.#joined('produce');
    this.#transport(request.transportId);
    return await publish(this.#room, this.#member, request);
  }

  async closeProducer(producerId: string): Promise<void> {
    this.#joined('closeProducer');
    const track = this.#track(producerId);
    const { identity: owner } = this.#member;
    await this.#room.place.call('closeProducer', { producerId, owner }, { about: producerId });
    if (this.#member.tracks.has(producerId)) closeTrack(this.#room, this.#member, track);
  }

  async pauseProducer(producerId: string): Promise<void> {
    this.#joined('pauseProducer');
    await setTrackPaused(this.#room, this.#member, this.#track(producerId), true);
  }

  async resumeProducer(producerId: string): Promise<void> {
    this.#joined('resumeProducer');
    await setTrackPaused(this.#room, this.#member, this.#track(producerId), false);
  }

  async consume(request: Parameters<Seat['consume']>[0]): Promise<ConsumerOffer> {
    this.#joined('consume');
    this.#may('subscribe');
    this.#transport(request.transportId);
    const track = this.#room.track(request.producerId);
    const rtpCapabilities = request.rtpCapabilities ?? this.#member.rtpCapabilities;
    if (!track || track.owner === this.#member.identity) throw missing('producerId', request.producerId);
    if (!rtpCapabilities) {
      throw new BacklotError(roomErrors.media_refused, { params: { reason: 'rtpCapabilities are missing' } });
    }
    const { identity: owner } = this.#member;
    this.#roomFor(this.#member.consumers, { producerId: request.producerId });
    this.#member.making += 1;
    try {
      const view = await this.#room.place.call('consume', {
        transportId: request.transportId,
        owner,
        producerId: request.producerId,
        rtpCapabilities,
        paused: request.paused ?? true,
      });
      if (this.#member.ended) throw missing('transportId', request.transportId);
      this.#member.consumers.set(view.consumerId, {
        id: view.consumerId,
        producerId: view.producerId,
        transportId: request.transportId,
      });
      arrived(this.#room, this.#member, view.consumerId);
      const { kind, type, rtpParameters, paused, producerPaused, producerId } = view;
      return { id: view.consumerId, producerId, kind, type, rtpParameters, paused, producerPaused };
    } finally {
      this.#member.making -= 1;
    }
  }

  async closeConsumer(consumerId: string): Promise<void> {
    await this.#onConsumer('closeConsumer', consumerId);
    this.#member.consumers.delete(consumerId);
  }
  async pauseConsumer(consumerId: string): Promise<void> {
    await this.#onConsumer('pauseConsumer', consumerId);
  }
  async resumeConsumer(consumerId: string): Promise<void> {
    await this.#onConsumer('resumeConsumer', consumerId);
  }
  async requestKeyFrame(consumerId: string): Promise<void> {
    await this.#onConsumer('requestKeyFrame', consumerId);
  }

  async setPreferredLayers(...[consumerId, layers]: Parameters<Seat['setPreferredLayers']>): Promise<void> {
    this.#consumer('setConsumerPreferredLayers', consumerId);
    const { identity: owner } = this.#member;
    await this.#room.place.call(
      'setPreferredLayers',
      { consumerId, owner, ...layers },
      { about: consumerId },
    );
  }

  async setPriority(consumerId: string, priority: number): Promise<void> {
    this.#consumer('setConsumerPriority', consumerId);
    const { identity: owner } = this.#member;
    await this.#room.place.call('setPriority', { consumerId, owner, priority }, { about: consumerId });
  }

  async subscribe(producerIds: readonly string[]): Promise<void> {
    this.#ask(producerIds, 'in');
    await settle(this.#room, this.#member);
  }

  async unsubscribe(producerIds: readonly string[]): Promise<void> {
    this.#ask(producerIds, 'out');
    await settle(this.#room, this.#member);
  }

  async setViewport(views: Parameters<Seat['setViewport']>[0]): Promise<void> {
    this.#joined('setViewport');
    await this.#room.place.call('setViewport', {
      owner: this.#member.identity,
      views: views.map((view) => ({ ...view })),
    });
  }

  async produceData(request: Parameters<Seat['produceData']>[0]): Promise<{ id: string }> {
    this.#joined('produceData');
    this.#may('data');
    this.#transport(request.transportId);
    const member = this.#member;
    const room = this.#room;
    // Those that are on their way count: they may all be asked for at once.
    if (member.dataProducers.size + member.making >= maxDataProducers) {
      throw new BacklotError(roomErrors.data_limit, { params: { limit: maxDataProducers } });
    }
    member.making += 1;
    try {
      const { dataProducerId: id } = await room.place.call(
        'produceData',
        {
          transportId: request.transportId,
          owner: member.identity,
          sctpStreamParameters: request.sctpStreamParameters ?? { streamId: 0, ordered: true },
          label: request.label,
          protocol: request.protocol,
          appData: request.appData,
        },
        { about: request.transportId },
      );
      if (member.ended) throw missing('transportId', request.transportId);
      const { transportId, label, protocol, appData } = request;
      const producer = { id, transportId, label, protocol, appData };
      member.dataProducers.set(id, producer);
      arrived(room, member, id);
      if (isForBot(producer)) void listenToBotChannel(room, id);
      else
        for (const other of room.joined())
          if (other !== member) void offerData(room, other, member.identity, producer);
      return { id };
    } finally {
      member.making -= 1;
    }
  }

  async consumeData(request: Parameters<Seat['consumeData']>[0]) {
    this.#joined('consumeData');
    this.#may('data');
    this.#transport(request.transportId);
    const { identity: owner } = this.#member;
    const { transportId, dataProducerId } = request;
    this.#roomFor(this.#member.dataConsumers, { dataProducerId });
    const view = await this.#room.place.call(
      'consumeData',
      { transportId, owner, dataProducerId },
      { about: dataProducerId },
    );
    this.#member.dataConsumers.set(view.dataConsumerId, {
      id: view.dataConsumerId,
      dataProducerId,
      transportId,
    });
    const { label, protocol } = view;
    return {
      id: view.dataConsumerId,
      dataProducerId,
      sctpStreamParameters: view.sctpStreamParameters ?? {},
      label,
      protocol,
    };
  }

  async closeDataProducer(dataProducerId: string): Promise<void> {
    if (!this.#member.dataProducers.has(dataProducerId)) throw missing('dataProducerId', dataProducerId);
    const { identity: owner } = this.#member;
    await this.#room.place.call('closeDataProducer', { dataProducerId, owner }, { about: dataProducerId });
    this.#member.dataProducers.delete(dataProducerId);
  }

  async stats(...[what, id]: Parameters<Seat['stats']>): Promise<unknown[]> {
    const member = this.#member;
    const known = {
      transport: member.transports,
      producer: member.tracks,
      consumer: member.consumers,
      dataProducer: member.dataProducers,
      dataConsumer: member.dataConsumers,
    }[what];
    if (!known.has(id)) throw missing(`${what}Id`, id);
    return await this.#room.place.call('stats', { kind: what, id, owner: member.identity }, { about: id });
  }

  async setName(name: string): Promise<void> {
    this.#joined('changeDisplayName');
    const oldDisplayName = this.#member.name;
    this.#member.name = name;
    const data = { peerId: this.identity, displayName: name, oldDisplayName };
    if (this.#member.announced) this.#room.tell('peerDisplayNameChanged', data, this.#member);
    this.#room.participantChanged(this.#member);
  }

  async rpc(...[to, method, payload, timeoutMs]: Parameters<Seat['rpc']>): Promise<unknown> {
    this.#joined('rpc');
    this.#may('data');
    const target = this.#room.member(to);
    if (!target.joined || !target.listener || !target.permissions.data) {
      throw new BacklotError(roomErrors.participant_not_found, { params: { identity: to } });
    }
    const { clock } = this.#room.deps.kernel;
    const late = new AbortController();
    try {
      return await Promise.race([
        target.listener.request('rpc', { from: this.identity, method, payload }),
        clock.sleep(timeoutMs, late.signal).then(() => {
          throw new BacklotError(roomErrors.rpc_unanswered, { params: { identity: to, method } });
        }),
      ]);
    } finally {
      late.abort();
    }
  }

  async throttle(limits: Parameters<Seat['throttle']>[0]): Promise<void> {
    this.#alive();
    const throttle =
      limits === null
        ? null
        : {
            uplinkKbps: limits.uplinkBps === undefined ? null : limits.uplinkBps / 1_000,
            downlinkKbps: limits.downlinkBps === undefined ? null : limits.downlinkBps / 1_000,
            rttMs: limits.rttMs ?? 0,
            loss: limits.loss ?? 0,
          };
    // Remembered first: whoever begins anew because of it comes back to the same network.
    if (throttle) this.#room.throttles.set(this.identity, throttle);
    else this.#room.throttles.delete(this.identity);
    await this.#room.place.call('throttle', { owner: this.identity, throttle });
  }

  /** Waits for the room to have its place again: what this seat has is known only then. */
  async placed(): Promise<void> {
    await this.#room.place.ready();
  }

  /** All that it has, for a client that comes back to a control plane that was started again. */
  snapshot(): NonNullable<ResumeAnswer['snapshot']> {
    const member = this.#member;
    return {
      self: this.self,
      room: this.#room.info,
      peers: this.peers(),
      transportIds: [...member.transports.keys()],
      producerIds: [...member.tracks.keys()],
      consumerIds: [...member.consumers.keys()],
      dataProducerIds: [...member.dataProducers.keys()],
      dataConsumerIds: [...member.dataConsumers.keys()],
    };
  }

  /** Closes consumers that were offered and never came to their client. */
  async dropUnknown(consumerIds: readonly string[], dataConsumerIds: readonly string[]): Promise<void> {
    await Promise.all([
      ...consumerIds.map((id) => drop(this.#room, this.#member, id)),
      ...dataConsumerIds.map((id) => dropData(this.#room, this.#member, id)),
    ]);
  }

  /** Offers again what has got lost: after a client has come back. */
  async refresh(): Promise<void> {
    await offerAll(this.#room, this.#member);
  }

  #ask(producerIds: readonly string[], how: 'in' | 'out'): void {
    this.#joined(how === 'in' ? 'subscribe' : 'unsubscribe');
    this.#may('subscribe');
    for (const id of producerIds) {
      if (how === 'in' && !this.#room.track(id)) throw missing('producerId', id);
    }
    for (const id of producerIds) if (this.#room.track(id)) this.#member.asked.set(id, how);
    this.#room.remember(this.#member);
  }

  /** Whoever asks for the same thing again and again only costs: a few at a time, for clients that change transports. */
  #roomFor(have: ReadonlyMap<string, object>, wanted: Readonly<Record<string, string>>): void {
    const limit = maxOfOne + this.#member.replicas;
    const [[key, id] = ['', '']] = Object.entries(wanted);
    const same = [...have.values()].filter((one) => (one as Record<string, unknown>)[key] === id);
    if (same.length < limit) return;
    const reason = `there are ${same.length} of ${id} already`;
    throw new BacklotError(roomErrors.media_refused, { params: { reason } });
  }

  #alive(): void {
    if (this.#member.ended) throw new BacklotError(roomErrors.session_unknown);
  }
  #admitted(method: string): void {
    this.#alive();
    if (this.#member.waiting) throw new BacklotError(roomErrors.not_joined, { params: { method } });
  }
  #joined(method: string): void {
    this.#alive();
    if (!this.#member.joined) throw new BacklotError(roomErrors.not_joined, { params: { method } });
  }
  #may(permission: 'subscribe' | 'data'): void {
    if (this.#member.permissions[permission]) return;
    throw new BacklotError(roomErrors.room_forbidden, { params: { permission } });
  }
  #transport(id: string): void {
    this.#alive();
    if (!this.#member.transports.has(id)) throw missing('transportId', id);
  }
  #track(id: string) {
    const track = this.#member.tracks.get(id);
    if (!track) throw missing('producerId', id);
    return track;
  }
  #consumer(method: string, id: string): void {
    this.#joined(method);
    if (!this.#member.consumers.has(id)) throw missing('consumerId', id);
  }
  async #onConsumer(
    method: 'closeConsumer' | 'pauseConsumer' | 'resumeConsumer' | 'requestKeyFrame',
    consumerId: string,
  ): Promise<void> {
    this.#consumer(method, consumerId);
    const { identity: owner } = this.#member;
    await this.#room.place.call(method, { consumerId, owner }, { about: consumerId });
  }
}

function missing(field: string, id: string): BacklotError {
  return new BacklotError(roomErrors.media_object_not_found, { params: { field, id } });
}
