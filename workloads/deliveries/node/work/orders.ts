import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DiskState } from '@backlot/contract';
import { z } from 'zod';

/** What the agent tells the program while it works: one JSON document in a line of its standard input. */
export const Order = z.object({ t: z.literal('disk'), state: DiskState });
export type Order = z.infer<typeof Order>;

/**
 * Hears orders until the input ends. That it ends, or has anything else in it, is no reason to stop: whoever spoke may be
 * gone for a while, or be of another version.
 */
export function hearOrders(input: Readable, heard: (order: Order) => void): void {
  input.on('error', () => undefined);
  createInterface({ input }).on('line', (line) => {
    try {
      const order = Order.safeParse(JSON.parse(line)).data;
      if (order) heard(order);
    } catch {
      // No JSON.
    }
  });
}

export function orderLine(order: Order): string {
  return `${JSON.stringify(order)}\n`;
}
