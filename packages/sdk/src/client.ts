import { Health, Overview } from '@backlot/contract/api/overview';
import { withSignal } from './resource.ts';
import { AccessApi } from './resources/access.ts';
import { ArtifactsApi } from './resources/artifacts.ts';
import { EventsApi } from './resources/events.ts';
import { FlowsApi } from './resources/flows.ts';
import { JobsApi } from './resources/jobs.ts';
import { NodesApi } from './resources/nodes.ts';
import { TasksApi } from './resources/tasks.ts';
import { Transport, type TransportOptions } from './transport.ts';

/**
 * The API of a control plane, for browsers and Node. It needs `fetch` and nothing else; it holds no
 * connection and needs no closing: streams and downloads end with their own signals.
 *
 * ```ts
 * const api = new ApiClient({ baseUrl: 'http://127.0.0.1:8080', token: process.env.BACKLOT_TOKEN });
 * for await (const job of api.jobs.list({ state: 'running' })) console.log(job.name, job.progress.fraction);
 * ```
 *
 * A workload's own routes are called with its own schemas over `api.transport`.
 */
export class ApiClient {
  readonly transport: Transport;
  readonly access: AccessApi;
  readonly artifacts: ArtifactsApi;
  readonly events: EventsApi;
  readonly flows: FlowsApi;
  readonly jobs: JobsApi;
  readonly nodes: NodesApi;
  readonly tasks: TasksApi;

  constructor(options: TransportOptions) {
    this.transport = new Transport(options);
    this.access = new AccessApi(this.transport);
    this.artifacts = new ArtifactsApi(this.transport);
    this.events = new EventsApi(this.transport);
    this.flows = new FlowsApi(this.transport);
    this.jobs = new JobsApi(this.transport);
    this.nodes = new NodesApi(this.transport);
    this.tasks = new TasksApi(this.transport);
  }

  overview(signal?: AbortSignal): Promise<Overview> {
    return this.transport.call('GET', '/api/v1/overview', Overview, withSignal(signal));
  }

  health(signal?: AbortSignal): Promise<Health> {
    return this.transport.call('GET', '/api/v1/health', Health, withSignal(signal));
  }
}
