import {
  ApiToken,
  type ApiTokenCreate,
  ApiTokenCreated,
  AuditEntry,
  type AuditQuery,
  Me,
  Project,
} from '@backlot/contract/api/access';
import { Page } from '@backlot/contract/api/common';
import type { z } from 'zod';
import { type QueryOf, Resource, segment, withSignal } from '../resource.ts';

/** Who one is and may do: account, tokens, projects, the audit. */
export class AccessApi extends Resource {
  me(signal?: AbortSignal): Promise<Me> {
    return this.transport.call('GET', '/api/v1/me', Me, withSignal(signal));
  }

  projects(signal?: AbortSignal): AsyncGenerator<Project, void, undefined> {
    return this.every('/api/v1/projects', Page(Project), {}, signal);
  }

  tokens(signal?: AbortSignal): AsyncGenerator<ApiToken, void, undefined> {
    return this.every('/api/v1/tokens', Page(ApiToken), {}, signal);
  }

  /** The secret is told once. */
  createToken(
    body: z.input<typeof ApiTokenCreate>,
    signal?: AbortSignal,
  ): Promise<z.output<typeof ApiTokenCreated>> {
    return this.transport.call('POST', '/api/v1/tokens', ApiTokenCreated, {
      json: body,
      ...withSignal(signal),
    });
  }

  revokeToken(id: string, signal?: AbortSignal): Promise<void> {
    return this.transport.run('DELETE', `/api/v1/tokens/${segment(id)}`, withSignal(signal));
  }

  /** Every change that somebody made, newest first. */
  audit(
    query: QueryOf<typeof AuditQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<AuditEntry, void, undefined> {
    return this.every('/api/v1/audit', Page(AuditEntry), query, signal);
  }
}
