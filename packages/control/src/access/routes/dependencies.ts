import type { Clock } from '@backlot/contract';
import type { Store } from '../../db/database.ts';
import type { RouteLimit } from '../../http/route-config.ts';
import type { AccessControl, AuditLog } from '../../kernel.ts';
import type { RouteAccess } from '../../workload.ts';
import type { Accounts } from '../accounts.ts';
import type { SignIn } from '../sign-in.ts';
import type { Tokens } from '../tokens.ts';

/** What the routes of access are made of. */
export interface AccessRoutesDeps {
  readonly store: Store;
  readonly access: AccessControl;
  readonly audit: AuditLog;
  readonly accounts: Accounts;
  readonly signIn: SignIn;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly publicUrl: () => string;
}

export const signedIn: RouteAccess = { kind: 'signedIn' };

/** Everything that checks a secret shares one allowance per address. */
export const secrets: RouteLimit = { name: 'sign-in', burst: 20, perMinute: 10 };
