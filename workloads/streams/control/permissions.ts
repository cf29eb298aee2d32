import type { PermissionTable } from '@backlot/contract';

/** Who may do what with streams. */
export const permissions = {
  /** Apps, instances, sessions, queue and figures. */
  'streams.read': { role: 'viewer' },
  /** Open sessions, and issue tickets for others. */
  'streams.open': { role: 'submitter' },
  /** End sessions, send players away, stop instances, start a crash loop again. */
  'streams.operate': { role: 'operator' },
  /** Make, change and remove apps: it says what runs on the machines. */
  'streams.apps.write': { role: 'operator' },
} as const satisfies PermissionTable;
