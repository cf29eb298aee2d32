import type { DeliveryTarget } from '../../contract/target.ts';

/** How a target is, as people read it: one that is switched off is neither up nor down. */
export function healthOf({ enabled, health }: DeliveryTarget): DeliveryTarget['health'] | 'off' {
  return enabled ? health : 'off';
}

export const healthTones = { up: 'done', down: 'failed', unknown: 'idle', off: 'idle' } as const;
