import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Product, startProduct } from './product.ts';

let product: Product;
beforeAll(async () => {
  product = await startProduct();
});
afterAll(() => product.close());

describe('an agent with a real control plane', () => {
  it('joins, proves what it can do, and does a whole job', async () => {
    const agent = await product.startAgent();
    await agent.ready;
    const job = await product.submit({ parts: 3, steps: 4, stepMs: 20 });
    expect(await product.ended(job)).toBe('succeeded');
    const artifacts = await product.control.kernel.db
      .selectFrom('artifact')
      .select('name')
      .where('job_id', '=', job)
      .execute();
    expect(artifacts.length).toBe(13);
    expect(agent.allocations).toBe(0);
  });
});
