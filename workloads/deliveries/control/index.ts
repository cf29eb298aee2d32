import type { ControlWorkload, JobKind, Kernel } from '@backlot/control/workload';
import {
  deliveryPermissions,
  deliveryPhrases,
  deliverySteps,
  TEST_JOB,
  TEST_TASK,
  TestParameters,
} from '../contract.ts';
import { migrations } from './migrations.ts';
import { Outbox } from './outbox/outbox.ts';
import { performs } from './performs.ts';
import { deliveryRoutes, type RoutesDeps } from './routes.ts';
import { subscriptionReaction } from './subscriptions/subscription-reaction.ts';
import { factsReaction } from './targets/facts-reaction.ts';
import { Targets } from './targets/targets.ts';
import { taskKinds } from './task-kinds.ts';

/** Tries a target: one task, one attempt, asked for by the route alone. */
const testJob: JobKind<{ target: string }> = {
  parameters: TestParameters,
  internal: true,
  plan: ({ parameters }) => [
    {
      key: 'test',
      kind: TEST_TASK,
      parameters: { target: parameters.target },
      retry: { maxAttempts: 1 },
      limits: { wallMs: 55_000 },
    },
  ],
};

const houses = new WeakMap<Kernel, RoutesDeps>();
function houseOf(kernel: Kernel): RoutesDeps {
  const known = houses.get(kernel);
  if (known) return known;
  const targets = new Targets(kernel);
  const house = { kernel, targets, outbox: new Outbox(kernel, targets) };
  houses.set(kernel, house);
  return house;
}

/** What deliveries bring to the control plane. */
export const deliveriesControl: ControlWorkload = {
  name: 'deliveries',
  migrations,
  permissions: deliveryPermissions,
  phrases: deliveryPhrases,
  taskKinds,
  jobKinds: { [TEST_JOB]: testJob },
  steps: deliverySteps,
  performs,
  reactions: [factsReaction, subscriptionReaction],
  routes: (app, kernel) => deliveryRoutes(app, houseOf(kernel)),
  async start(kernel) {
    const { outbox } = houseOf(kernel);
    outbox.start();
    return { close: () => outbox.close() };
  },
};
