import type { App } from '../workload.ts';
import { accountRoutes } from './routes/account-routes.ts';
import { auditRoutes } from './routes/audit-routes.ts';
import type { AccessRoutesDeps } from './routes/dependencies.ts';
import { meRoutes } from './routes/me-routes.ts';
import { signInRoutes } from './routes/sign-in-routes.ts';
import { tokenRoutes } from './routes/token-routes.ts';

/** Signing in and out, one's own account, everybody's accounts, and the audit. */
export function accessRoutes(app: App, deps: AccessRoutesDeps): void {
  signInRoutes(app, deps);
  meRoutes(app, deps);
  tokenRoutes(app, deps);
  accountRoutes(app, deps);
  auditRoutes(app, deps);
}
