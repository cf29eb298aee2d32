import type { Clock } from '@backlot/contract/clock';
import type { Tracer } from '@backlot/contract/trace/tracer';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Store } from '../db/database.ts';
import type {
  AccessControl,
  AllocationTokens,
  AuditLog,
  EventLog,
  Fabric,
  NodeReports,
  Placement,
} from '../kernel.ts';
import type { NodeSettings } from './settings.ts';

/** What the room of nodes needs of the house. */
export interface NodesDependencies {
  readonly store: Store;
  /** Asked for at each use: the core that stands behind it is made together with this room. */
  readonly reports: () => NodeReports;
  readonly placement: () => Placement;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly access: AccessControl;
  readonly tokens: AllocationTokens;
  readonly fabric: Fabric;
  readonly clock: Clock;
  /** A number in [0, 1); spreads reconnects. */
  readonly random?: () => number;
  readonly log: Logger;
  /** Makes a span of every call to a node; none unless given. */
  readonly tracer?: Tracer;
  readonly metrics: Registry;
  /** Address for the commands that join a machine, without a trailing slash. */
  readonly publicUrl: () => string;
  /** Name of this control process among its replicas. */
  readonly replica: string;
  readonly settings?: Partial<NodeSettings>;
}
