import type { IncomingMessage } from 'node:http';
import { type Actor, systemActor } from '@backlot/control/workload';
import type { GatewayRow } from './tables.ts';

/**
 * The token of a request in any of the ways that such programs have: `Authorization: Bearer`, the password of HTTP basic
 * (BililiveRecorder's addresses have no other place), or `?token=`, as NGlive's `wspath` has it. Cookies count for nothing, so
 * that no page of somebody else's can use them.
 */
export function tokenOf({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): string {
  const { authorization = '' } = headers;
  const [, scheme = '', value = ''] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() === 'basic') {
    const pair = Buffer.from(value, 'base64').toString('utf8');
    return pair.slice(pair.indexOf(':') + 1);
  }
  return new URL(url, 'http://localhost').searchParams.get('token') ?? '';
}

/** Whom the audit names: the token is the project's, not an account's. It has no rights beyond these routes. */
export function actorOf(gateway: Pick<GatewayRow, 'id' | 'name'>, by: 'client' | 'socket' | 'remote'): Actor {
  return { ...systemActor, name: `nglive ${gateway.name} (${by})`, grants: [], scopes: [] };
}
