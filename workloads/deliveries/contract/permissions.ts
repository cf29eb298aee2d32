import type { PermissionTable } from '@backlot/contract';

/** Rights over targets and what goes to them. Secrets of a target are shown to nobody, whatever the role. */
export const deliveryPermissions = {
  'deliveries.read': { role: 'viewer' },
  /** Make, change, try and delete targets and subscriptions; send again what was given up. */
  'deliveries.manage': { role: 'operator' },
  /** Say which commands flows may run on nodes. */
  'deliveries.commands': { role: 'admin', everywhere: true },
} as const satisfies PermissionTable;
