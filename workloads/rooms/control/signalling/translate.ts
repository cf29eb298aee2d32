import type { TrackSource } from '../../contract/grants.ts';
import type {
  MethodName,
  NotificationData,
  NotificationName,
  PeerInfo,
  ServerRequestData,
  ServerRequestName,
} from '../../contract/signalling.ts';
import type { Vocabulary } from './vocabulary.ts';

/** One message in the words of the client that gets it. */
export interface Said {
  readonly method: string;
  readonly data: object;
}

/** What only our own clients know; to others it is not said. */
const ours: ReadonlySet<NotificationName> = new Set([
  'welcome',
  'peerChanged',
  'newProducer',
  'producerClosed',
  'producerPaused',
  'producerResumed',
  'wantedLayers',
  'transportsLost',
  'roomChanged',
  'permissionsChanged',
  'muted',
  'lobbyChanged',
  'admitted',
  'moved',
  'ended',
  'data',
]);

/** A notification in a vocabulary: usually one message, two while the vocabulary is not known, none if it has no word. */
export function notificationIn<N extends NotificationName>(
  vocabulary: Vocabulary,
  method: N,
  data: NotificationData<N>,
): readonly Said[] {
  if (vocabulary === 'backlot') return [{ method, data }];
  if (ours.has(method)) return [];
  const of2024 = vocabulary !== 'newest';
  const ofNewest = vocabulary !== '2024';
  switch (method) {
    case 'mediasoupVersion':
      return [
        ...(of2024 ? [{ method: 'mediasoup-version', data }] : []),
        ...(ofNewest ? [{ method: 'mediasoupVersion', data }] : []),
      ];
    case 'newPeer': {
      const { peer } = data as NotificationData<'newPeer'>;
      const known = {
        ...(of2024 ? peerIn('2024', peer) : {}),
        ...(ofNewest ? { peer: peerIn('newest', peer) } : {}),
      };
      return [{ method, data: known }];
    }
    case 'peerClosed':
      return [{ method, data: { peerId: (data as NotificationData<'peerClosed'>).peerId } }];
    case 'consumerLayersChanged': {
      const { consumerId, layers } = data as NotificationData<'consumerLayersChanged'>;
      const flat = {
        spatialLayer: layers?.spatialLayer ?? null,
        temporalLayer: layers?.temporalLayer ?? null,
      };
      return [
        {
          method,
          data: {
            consumerId,
            ...(of2024 ? flat : {}),
            ...(ofNewest && layers !== null ? { layers } : {}),
          },
        },
      ];
    }
    case 'activeSpeaker': {
      const { peerId, volume } = data as NotificationData<'activeSpeaker'>;
      if (vocabulary === 'newest') return [{ method, data: peerId === undefined ? {} : { peerId } }];
      return [{ method, data: { peerId: peerId ?? null, ...(volume === undefined ? {} : { volume }) } }];
    }
    case 'speakingPeers':
      return vocabulary === 'newest' ? [{ method, data }] : [];
    case 'downlinkBwe':
      return vocabulary === '2024' ? [{ method, data }] : [];
    default:
      return [{ method, data }];
  }
}

/** The newest demo's three words for where a track comes from. */
function sourceInDemo(source: unknown): string {
  switch (source as TrackSource) {
    case 'microphone':
    case 'screen-audio':
      return 'audio';
    case 'screen':
      return 'screensharing';
    default:
      return 'video';
  }
}

/** A request of the server; null: this client has no word for it and can't be asked. */
export function requestIn<N extends ServerRequestName>(
  vocabulary: Vocabulary,
  method: N,
  data: ServerRequestData<N>,
): Said | null {
  if (vocabulary === 'backlot') return { method, data };
  const of2024 = vocabulary !== 'newest';
  const ofNewest = vocabulary !== '2024';
  switch (method) {
    case 'newConsumer': {
      const { consumerId, transportId, consumerScore, appData, ...rest } =
        data as ServerRequestData<'newConsumer'>;
      const { source } = appData;
      return {
        method,
        data: {
          ...rest,
          ...(of2024 ? { id: consumerId } : {}),
          ...(ofNewest ? { consumerId, transportId, consumerScore } : {}),
          appData: of2024 ? appData : { peerId: rest.peerId, source: sourceInDemo(source) },
        },
      };
    }
    case 'newDataConsumer': {
      const { dataConsumerId, transportId, peerId, appData, ...rest } =
        data as ServerRequestData<'newDataConsumer'>;
      const channel = { channel: appData.channel ?? rest.label };
      return {
        method,
        data: {
          ...rest,
          ...(of2024 ? { id: dataConsumerId, peerId: peerId ?? null } : {}),
          ...(ofNewest ? { dataConsumerId, transportId, ...(peerId === undefined ? {} : { peerId }) } : {}),
          appData: of2024 ? appData : { ...channel, ...(peerId === undefined ? {} : { peerId }) },
        },
      };
    }
    default:
      return null;
  }
}

/** A peer as a demo's client knows it. */
function peerIn(vocabulary: '2024' | 'newest', peer: PeerInfo): object {
  const { displayName, device } = peer;
  return vocabulary === '2024'
    ? { id: peer.id, displayName, device }
    : { peerId: peer.id, displayName, device, remoteAddress: '' };
}

/** The answer to a request, from our words into the client's. */
export function answerIn(vocabulary: Vocabulary, method: MethodName, answer: object): object {
  if (vocabulary === 'backlot') return answer;
  const of2024 = vocabulary !== 'newest';
  const ofNewest = vocabulary !== '2024';
  const said = answer as Record<string, unknown>;
  const renamed = (ours: string) => ({
    ...(of2024 ? { id: said[ours] } : {}),
    ...(ofNewest ? { [ours]: said[ours] } : {}),
  });
  switch (method) {
    case 'getRouterRtpCapabilities': {
      const capabilities = said.routerRtpCapabilities as object;
      return {
        ...(of2024 ? capabilities : {}),
        ...(ofNewest ? { routerRtpCapabilities: capabilities } : {}),
      };
    }
    case 'createWebRtcTransport': {
      const { transportId: _, ...rest } = said;
      return { ...rest, ...renamed('transportId') };
    }
    case 'restartIce': {
      const parameters = said.iceParameters as object;
      return { ...(of2024 ? parameters : {}), ...(ofNewest ? { iceParameters: parameters } : {}) };
    }
    case 'produce':
      return renamed('producerId');
    case 'produceData':
      return renamed('dataProducerId');
    case 'join': {
      const peers = (said.peers ?? []) as PeerInfo[];
      return {
        peers: peers.map((peer) => ({
          ...(of2024 ? peerIn('2024', peer) : {}),
          ...(ofNewest ? peerIn('newest', peer) : {}),
        })),
      };
    }
    case 'getTransportStats':
    case 'getProducerStats':
    case 'getConsumerStats':
    case 'getDataProducerStats':
    case 'getDataConsumerStats':
      return vocabulary === 'newest' ? answer : (said.stats as object);
    default:
      return answer;
  }
}
