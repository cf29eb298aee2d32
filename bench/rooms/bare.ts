import { createWorker, type types } from 'mediasoup';

/**
 * mediasoup with nothing of ours: two workers with a WebRTC server each, a router on each, and a pipe. Answers the few calls
 * that the bench makes of a room, so that the same drive serves both.
 */
export async function openBareRoom(
  workerBin: string,
  codecs: types.RouterRtpCodecCapability[],
  onHome: number,
) {
  const makeSide = async () => {
    const worker = await createWorker({ workerBin, logLevel: 'error' });
    const server = await worker.createWebRtcServer({
      listenInfos: [{ protocol: 'udp', ip: '127.0.0.1', recvBufferSize: 4 * 1024 * 1024 }],
    });
    return { worker, server, router: await worker.createRouter({ mediaCodecs: codecs }) };
  };
  const home = await makeSide();
  const edge = await makeSide();
  const transports = new Map<string, types.Transport>();
  const consumers = new Map<string, types.Consumer>();
  let viewers = 0;
  let piped = false;

  // biome-ignore lint/suspicious/noExplicitAny: answers stand for those of a room, whose shapes the drive knows.
  const calls: Record<string, (payload: any) => Promise<unknown>> = {
    getRouterRtpCapabilities: async () => home.router.rtpCapabilities,
    async createPlainTransport() {
      const transport = await home.router.createPlainTransport({
        listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
        rtcpMux: true,
        comedia: true,
      });
      transports.set(transport.id, transport);
      return { transportId: transport.id, tuple: transport.tuple };
    },
    async produce({ transportId, kind, rtpParameters }) {
      const producer = await transports.get(transportId)?.produce({ kind, rtpParameters });
      return { producerId: producer?.id };
    },
    async createWebRtcTransport() {
      const side = viewers++ < onHome ? home : edge;
      const transport = await side.router.createWebRtcTransport({ webRtcServer: side.server });
      transports.set(transport.id, transport);
      const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
      return { transportId: id, iceParameters, iceCandidates, dtlsParameters };
    },
    async consume({ transportId, producerId, rtpCapabilities }) {
      if (!piped && viewers > onHome) {
        piped = true;
        await home.router.pipeToRouter({ producerId, router: edge.router });
      }
      const consumer = await transports
        .get(transportId)
        ?.consume({ producerId, rtpCapabilities, paused: true });
      if (!consumer) throw new Error('there is no such transport');
      consumers.set(consumer.id, consumer);
      return { consumerId: consumer.id, kind: consumer.kind, rtpParameters: consumer.rtpParameters };
    },
    async connectWebRtcTransport({ transportId, dtlsParameters }) {
      await transports.get(transportId)?.connect({ dtlsParameters });
    },
    async resumeConsumer({ consumerId }) {
      await consumers.get(consumerId)?.resume();
    },
  };
  return {
    call: (async (method: string, payload: unknown) => await calls[method]?.(payload)) as never,
    workers: [home.worker, edge.worker],
    async consumersOf() {
      return [Math.min(onHome, viewers), Math.max(0, viewers - onHome)];
    },
    async close() {
      home.worker.close();
      edge.worker.close();
    },
  };
}
