import { expect } from 'vitest';
import { DemoClient } from '../../testing/demo-client.ts';
import type { LiveProduct } from '../../testing/live-product.ts';

/** What the cases of the conformance test share: who takes part, how something is asked, what an answer looks like. */

export const patience = { timeout: 60_000, interval: 50 };

export type Data = Record<string, unknown>;
/** What a case works with: Anna publishes, Ben receives. */
export interface Call {
  anna: DemoClient;
  ben: DemoClient;
  product: LiveProduct;
  /** The newest demo's names of ids; else those of 2024. */
  newest: boolean;
  audio: string;
  video: string;
}
/** By hand: a request, and what its answer must be. */
export interface Case {
  readonly name: string;
  readonly run: (call: Call) => Promise<unknown> | unknown;
}

export const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
export const ice = { usernameFragment: expect.any(String), password: expect.any(String), iceLite: true };
export const capabilities = { codecs: expect.any(Array), headerExtensions: expect.any(Array) };
export const transport = {
  iceParameters: ice,
  iceCandidates: expect.arrayContaining([expect.objectContaining({ protocol: 'udp', type: 'host' })]),
  dtlsParameters: { role: 'auto', fingerprints: expect.any(Array) },
  sctpParameters: expect.any(Object),
};

export const consumerOf = (call: Call, producerId: string) => {
  const consumer = [...call.ben.consumers.values()].find((one) => one.producerId === producerId);
  if (!consumer) throw new Error('Ben has no consumer of it.');
  return consumer;
};
export const askedFor = (client: DemoClient, method: string) =>
  client.requests.filter((one) => one.method === method).map(({ data }) => data);
/** What became a notification in the newest demo and was a request in that of 2024. */
export const tell = async ({ newest }: Call, client: DemoClient, method: string, data: Data) => {
  if (newest) await client.peer.notify(method, data);
  else expect(await client.request(method, data)).toEqual({});
};
export const refusal = (request: Promise<unknown>) =>
  request.then(
    () => 'accepted',
    ({ code, message }: { code?: number; message: string }) => ({ code, message }),
  );

export const roomOf = (newest: boolean) => (newest ? 'demo-newest' : 'demo-2024');
export const client = (product: LiveProduct, newest: boolean, peerId: string) =>
  new DemoClient({
    url: product.wsUrl,
    roomId: roomOf(newest),
    peerId,
    vocabulary: newest ? 'newest' : '2024',
  });
