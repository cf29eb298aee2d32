import {
  type BaseMessage,
  KeepaliveMonitor,
  Logger,
  LogLevel,
  MessageHelpers,
  Messages,
  SignallingProtocol,
  WebSocketTransportNJS,
} from '@epicgames-ps/lib-pixelstreamingcommon-ue5.7';
import { afterEach, expect, it, vi } from 'vitest';
import { type SignallingHouse, startSignalling } from '../../testing/signalling-house.ts';

// Otherwise every message is printed with a stack.
Logger.InitLogging(LogLevel.Error, false);

let house: SignallingHouse;
const open: SignallingProtocol[] = [];
afterEach(async () => {
  for (const protocol of open.splice(0)) protocol.disconnect(1000);
  await house.close();
});

/** Epic's own protocol classes, as their page and their test streamers use them. */
async function epic(path: string) {
  const protocol = new SignallingProtocol(new WebSocketTransportNJS());
  const heard: BaseMessage[] = [];
  const unhandled: string[] = [];
  protocol.transport.addListener('message', (message: BaseMessage) => heard.push(message));
  protocol.addListener('unhandled', (message: BaseMessage) => unhandled.push(message.type));
  protocol.connect(`${house.base}${path}`);
  open.push(protocol);
  await vi.waitFor(() => expect(protocol.transport.isConnected()).toBe(true), 20_000);
  const said = (type: string) =>
    vi.waitFor(() => {
      const found = heard.find((message) => message.type === type);
      if (!found) throw new Error(`No ${type} in ${heard.map((one) => one.type)}`);
      return found;
    }, 90_000);
  const listen = (...types: string[]) => {
    for (const type of types) protocol.addListener(type, () => undefined);
  };
  return { protocol, unhandled, said, listen };
}

it('Epic’s own client classes speak with us, as player and as streamer, and know every word', async () => {
  house = await startSignalling();
  house.rooms.launch.set('l1', { instanceId: 'i1' });
  house.rooms.tickets.set('p1', { instance: 'i1' });
  const streamer = await epic('/signal/streamer/l1');
  streamer.listen(
    'config',
    'identify',
    'endpointIdConfirm',
    'playerConnected',
    'answer',
    'iceCandidate',
    'pong',
  );
  await streamer.said('identify');
  streamer.protocol.sendMessage(
    MessageHelpers.createMessage(Messages.endpointId, { id: 'Epic', protocolVersion: '1.3.0' }),
  );
  await streamer.said('endpointIdConfirm');

  const player = await epic('/signal/player/demo?ticket=p1');
  player.listen('config', 'streamerList', 'offer', 'pong');
  await player.said('config');
  const list = (await player.said('streamerList')) as Messages.streamerList;
  player.protocol.sendMessage(MessageHelpers.createMessage(Messages.subscribe, { streamerId: list.ids[0] }));
  const { playerId } = (await streamer.said('playerConnected')) as Messages.playerConnected;
  streamer.protocol.sendMessage(MessageHelpers.createMessage(Messages.offer, { sdp: 'v=0', playerId }));
  expect(((await player.said('offer')) as Messages.offer).sdp).toBe('v=0');
  player.protocol.sendMessage(MessageHelpers.createMessage(Messages.answer, { sdp: 'v=0' }));
  expect(((await streamer.said('answer')) as Messages.answer).playerId).toBe(playerId);

  // Its keepalive, at a hundred times the pace: answered every time.
  let lost = 0;
  for (const { protocol } of [player, streamer]) {
    const monitor = new KeepaliveMonitor(protocol, 300);
    monitor.onTimeout = () => {
      lost += 1;
    };
    await player.said('offer');
    await vi.waitFor(() => expect(monitor.RTT).toBeGreaterThanOrEqual(0), 20_000);
  }
  await streamer.said('pong');
  await player.said('pong');
  expect(lost).toBe(0);
  expect([...player.unhandled, ...streamer.unhandled]).toEqual([]);
});
