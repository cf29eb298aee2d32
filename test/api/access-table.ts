import type { Rule } from '@backlot/testkit/access-rule';

/**
 * Who may use which route, written down once more and by hand: a route that is added, or whose rule is changed,
 * is noticed here. `route-access.test.ts` tries every line with every kind of caller.
 */
export const accessTable: Readonly<Record<string, Rule>> = {
  // --- the system ------------------------------------------------------------------------------------------------
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'public', // Its handler wants a token from other machines.
  'GET /api/openapi.json': 'public',
  'GET /api/docs': 'public',
  'GET /api/docs/json': 'public',
  'GET /api/docs/yaml': 'public',
  'GET /api/docs/static/*': 'public',
  'GET /api/docs/static/index.html': 'public',
  'GET /api/docs/static/swagger-initializer.js': 'public',
  'GET /api/v1/health': 'signed-in',
  'GET /api/v1/about': 'signed-in',
  'GET /api/v1/overview': 'signed-in',
  'GET /api/v1/settings': 'settings.read operator everywhere',
  'PATCH /api/v1/settings': 'settings.manage admin everywhere',

  // --- signing in, and one's own account -------------------------------------------------------------------------
  'GET /api/v1/setup': 'public',
  'POST /api/v1/setup': 'public',
  'POST /api/v1/setup/check': 'public',
  'POST /api/v1/password': 'public',
  'POST /api/v1/login': 'public',
  'POST /api/v1/logout': 'signed-in',
  'GET /api/v1/me': 'signed-in',
  'PATCH /api/v1/me': 'signed-in',
  'POST /api/v1/me/password': 'signed-in',
  'GET /api/v1/me/sessions': 'signed-in',
  'DELETE /api/v1/me/sessions/:id': 'signed-in',
  'GET /api/v1/tokens': 'signed-in',
  'POST /api/v1/tokens': 'signed-in',
  'DELETE /api/v1/tokens/:id': 'signed-in',

  // --- accounts, projects, members -------------------------------------------------------------------------------
  'GET /api/v1/accounts': 'accounts.manage admin everywhere',
  'POST /api/v1/accounts': 'accounts.manage admin everywhere',
  'GET /api/v1/accounts/:id': 'accounts.manage admin everywhere',
  'PATCH /api/v1/accounts/:id': 'accounts.manage admin everywhere',
  'DELETE /api/v1/accounts/:id': 'accounts.manage admin everywhere',
  'POST /api/v1/accounts/:id/setup-link': 'accounts.manage admin everywhere',
  'GET /api/v1/projects': 'signed-in',
  'POST /api/v1/projects': 'projects.create admin everywhere',
  'GET /api/v1/projects/:id': 'projects.read viewer project',
  'PATCH /api/v1/projects/:id': 'projects.manage admin project',
  'DELETE /api/v1/projects/:id': 'projects.create admin everywhere',
  'GET /api/v1/projects/:id/members': 'members.read operator project',
  'POST /api/v1/projects/:id/members': 'members.manage admin project',
  'PUT /api/v1/projects/:id/members/:accountId': 'members.manage admin project',
  'DELETE /api/v1/projects/:id/members/:accountId': 'members.manage admin project',
  'GET /api/v1/audit': 'audit.read admin any',

  // --- events and webhooks ---------------------------------------------------------------------------------------
  'GET /api/v1/events': 'events.read viewer any',
  'GET /api/v1/events/stream': 'events.read viewer any',
  'GET /api/v1/webhooks': 'webhooks.manage admin any',
  'POST /api/v1/webhooks': 'webhooks.manage admin project',
  'GET /api/v1/webhooks/:id': 'webhooks.manage admin project',
  'PATCH /api/v1/webhooks/:id': 'webhooks.manage admin project',
  'DELETE /api/v1/webhooks/:id': 'webhooks.manage admin project',
  'POST /api/v1/webhooks/:id/secret': 'webhooks.manage admin project',
  'GET /api/v1/webhooks/:id/deliveries': 'webhooks.manage admin project',
  'POST /api/v1/webhooks/:id/deliveries/:deliveryId/replay': 'webhooks.manage admin project',

  // --- jobs, tasks, logs -----------------------------------------------------------------------------------------
  'GET /api/v1/jobs': 'jobs.read viewer any',
  'POST /api/v1/jobs': 'jobs.submit submitter project',
  'GET /api/v1/jobs/:id': 'jobs.read viewer project',
  'PATCH /api/v1/jobs/:id': 'jobs.control submitter project',
  'DELETE /api/v1/jobs/:id': 'jobs.control submitter project',
  'POST /api/v1/jobs/:id/retry-failed': 'jobs.control submitter project',
  'GET /api/v1/tasks': 'jobs.read viewer any',
  'GET /api/v1/tasks/:id': 'jobs.read viewer project',
  'POST /api/v1/tasks/:id/cancel': 'jobs.control submitter project',
  'POST /api/v1/tasks/:id/release': 'jobs.control submitter project',
  'POST /api/v1/tasks/:id/requeue': 'jobs.control submitter project',
  'GET /api/v1/tasks/:id/log': 'jobs.read viewer project',
  'GET /api/v1/tasks/:id/log/stream': 'jobs.read viewer project',
  'GET /api/v1/allocations/:id/log': 'jobs.read viewer project',
  'GET /api/v1/allocations/:id/log/stream': 'jobs.read viewer project',

  // --- flows and their runs --------------------------------------------------------------------------------------
  'GET /api/v1/flows': 'flows.read viewer any',
  'POST /api/v1/flows': 'flows.edit operator project',
  'GET /api/v1/flows/catalogue': 'flows.read viewer any',
  'GET /api/v1/flows/templates': 'flows.read viewer any',
  'POST /api/v1/flows/check': 'flows.read viewer any',
  'GET /api/v1/flows/:id': 'flows.read viewer project',
  'GET /api/v1/flows/:id/yaml': 'flows.read viewer project',
  'PUT /api/v1/flows/:id': 'flows.edit operator project',
  'PATCH /api/v1/flows/:id': 'flows.edit operator project',
  'DELETE /api/v1/flows/:id': 'flows.edit operator project',
  'GET /api/v1/flows/:id/versions': 'flows.read viewer project',
  'GET /api/v1/flows/:id/versions/:number': 'flows.read viewer project',
  'POST /api/v1/flows/:id/runs': 'flows.run submitter project',
  'GET /api/v1/flow-runs': 'flows.read viewer any',
  'GET /api/v1/flow-runs/:id': 'flows.read viewer project',
  'POST /api/v1/flow-runs/:id/cancel': 'flows.run submitter project',
  'POST /api/v1/flow-runs/:id/retry': 'flows.run submitter project',
  'POST /api/v1/flow-hooks/:token': 'public', // Its handler wants the secret address.

  // --- artifacts and uploads -------------------------------------------------------------------------------------
  'GET /api/v1/artifacts': 'artifacts.read viewer any',
  'GET /api/v1/artifacts/zip': 'artifacts.read viewer any',
  'POST /api/v1/artifacts/check': 'artifacts.write submitter project',
  'GET /api/v1/artifacts/:id': 'artifacts.read viewer project',
  'DELETE /api/v1/artifacts/:id': 'artifacts.delete operator project',
  'GET /api/v1/artifacts/:id/content': 'artifacts.read viewer project',
  'POST /api/v1/artifacts/:id/restore': 'artifacts.delete operator project',
  'OPTIONS /api/v1/uploads': 'public',
  'POST /api/v1/uploads': 'artifacts.write submitter project',
  'HEAD /api/v1/uploads/:id': 'artifacts.write submitter project',
  'PATCH /api/v1/uploads/:id': 'artifacts.write submitter project',
  'DELETE /api/v1/uploads/:id': 'artifacts.write submitter project',

  // --- nodes -----------------------------------------------------------------------------------------------------
  'GET /api/v1/nodes': 'nodes.read viewer any',
  'GET /api/v1/nodes/:id': 'nodes.read viewer any',
  'PATCH /api/v1/nodes/:id': 'nodes.operate operator everywhere',
  'DELETE /api/v1/nodes/:id': 'nodes.operate operator everywhere',
  'GET /api/v1/nodes/:id/drain-preview': 'nodes.operate operator everywhere',
  'GET /api/v1/nodes/:id/samples': 'nodes.read viewer any',
  'GET /api/v1/nodes/:id/timeline': 'nodes.read viewer any',
  'GET /api/v1/pools': 'nodes.read viewer any',
  'PUT /api/v1/pools/:name': 'pools.manage admin everywhere',
  'DELETE /api/v1/pools/:name': 'pools.manage admin everywhere',
  'GET /api/v1/join-tokens': 'nodes.join admin everywhere',
  'POST /api/v1/join-tokens': 'nodes.join admin everywhere',
  'DELETE /api/v1/join-tokens/:id': 'nodes.join admin everywhere',
  'POST /api/v1/node/join': 'public', // Its handler wants a join token.
  'POST /api/v1/node/poll': 'public', // Its handler wants a node's signature.
  'POST /api/v1/node/pipes/:ticket': 'public', // Its handler wants a ticket of 256 bits, once.
  'GET /api/v1/node/allocations/:id/inputs/:digest': 'allocation',
  'HEAD /api/v1/node/allocations/:id/outputs/*': 'allocation',
  'PUT /api/v1/node/allocations/:id/outputs/*': 'allocation',
  'PUT /api/v1/node/allocations/:id/logs/:stream/:position': 'allocation',

  // --- the tiny workload -----------------------------------------------------------------------------------------
  'GET /api/v1/tiny/notes': 'tiny.read viewer any',
  'POST /api/v1/tiny/allocations/:id/shout': 'tiny.shout operator everywhere',
};
