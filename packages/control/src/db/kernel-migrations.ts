import type { MigrationSet } from './migrate.ts';
import * as kernel0001 from './migrations/0001-kernel.ts';
import * as kernel0002 from './migrations/0002-placement.ts';
import * as kernel0003 from './migrations/0003-uploads.ts';
import * as kernel0004 from './migrations/0004-reaction-failures.ts';
import * as kernel0005 from './migrations/0005-slots.ts';
import * as kernel0006 from './migrations/0006-holders.ts';
import * as kernel0007 from './migrations/0007-flows.ts';
import * as kernel0008 from './migrations/0008-alone.ts';
import * as kernel0009 from './migrations/0009-run-notes.ts';
import * as kernel0010 from './migrations/0010-lists.ts';

/** The kernel's own steps, oldest first. A new one is a new file in `migrations/` and a line here. */
export const kernelMigrations: MigrationSet = {
  name: 'kernel',
  migrations: [
    kernel0001,
    kernel0002,
    kernel0003,
    kernel0004,
    kernel0005,
    kernel0006,
    kernel0007,
    kernel0008,
    kernel0009,
    kernel0010,
  ],
};
