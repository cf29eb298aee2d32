import type { PermissionTable } from '@backlot/contract';

/** Rights over channels and what they recorded. */
export const recordingPermissions = {
  'recordings.read': { role: 'viewer' },
  /** Add channels, change them, start, stop and split. */
  'recordings.write': { role: 'operator' },
  /** Put broadcasts into the trash. */
  'recordings.delete': { role: 'operator' },
  /** NGlive's routes, BililiveRecorder's webhooks, lists of blocked rooms. */
  'recordings.compat': { role: 'admin' },
} as const satisfies PermissionTable;
