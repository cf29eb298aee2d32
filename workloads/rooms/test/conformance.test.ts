import { afterAll, beforeAll, describe, it } from 'vitest';
import { type LiveProduct, openLiveProduct } from '../testing/live-product.ts';
import { findWorker, noWorker } from '../testing/media-house.ts';
import { type Call, client } from './demo/call.ts';
import { enteringCases } from './demo/entering-cases.ts';
import { steeringCases } from './demo/steering-cases.ts';

/**
 * Every request and notification of the mediasoup-demo of 2024 and of the newest one, by stock clients (protoo-client and
 * mediasoup-client on a real WebRTC stack) against the whole product with real mediasoup workers. The cases of a
 * vocabulary are one call, in the order in which the demo's app makes it.
 */
const worker = await findWorker();
const cases = [...enteringCases, ...steeringCases];

describe.skipIf(!worker)(
  `signalling as a mediasoup-demo’s app knows it (${worker ? 'real workers' : noWorker})`,
  () => {
    let product: LiveProduct;
    beforeAll(async () => {
      product = await openLiveProduct();
    });
    afterAll(() => product?.close());

    describe.each([
      ['of 2024', false],
      ['of today', true],
    ])('%s', (_when, newest) => {
      const call = { newest, audio: '', video: '' } as Call;
      beforeAll(async () => {
        call.product = product;
        call.anna = client(product, newest, 'anna');
        call.ben = client(product, newest, 'ben');
        await call.anna.join();
        await call.ben.join();
      });
      afterAll(() => {
        call.anna?.close();
        call.ben?.close();
      });
      it.each(cases.map((one) => [one.name, one.run] as const))('%s', async (_name, run) => {
        await run(call);
      });
    });
  },
);
