import {
  type ReceivedConsumer,
  type ReceivedTransport,
  type Receiver,
  receive,
} from '../../workloads/rooms/testing/viewer.ts';

/** Viewers in a process of their own, so that what they cost is not counted as ours. Spoken with by messages. */
export type CrowdOrder =
  | {
      readonly ask: 'join';
      readonly id: number;
      readonly transport: ReceivedTransport;
      readonly consumers: readonly ReceivedConsumer[];
    }
  | { readonly ask: 'count'; readonly id: number };

const receivers: Receiver[] = [];
process.on('message', async (order: CrowdOrder) => {
  if (order.ask === 'join') {
    const receiver = await receive(`viewer-${order.id}`, order.transport, order.consumers);
    receivers.push(receiver);
    process.send?.({ id: order.id, dtlsParameters: receiver.dtlsParameters });
    return;
  }
  const { user, system } = process.cpuUsage();
  process.send?.({
    id: order.id,
    received: receivers.reduce((sum, { received }) => sum + received, 0),
    missing: receivers.reduce((sum, { missing }) => sum + missing, 0),
    least: Math.min(...receivers.map(({ received }) => received)),
    cpuMs: (user + system) / 1_000,
  });
});
process.on('disconnect', () => process.exit(0));
