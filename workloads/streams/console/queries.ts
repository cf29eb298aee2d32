import { listQuery, transport } from '@backlot/console/workload';
import { NodeView } from '@backlot/contract/api/nodes';
import { queryOptions } from '@tanstack/react-query';
import { App, AppVersion, Instance, Session, SessionDetail, StatsAnswer } from '../contract/api.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const root = '/api/v1/streams';
const of = (...parts: readonly string[]) => [root, ...parts.map(encodeURIComponent)].join('/');

/** Addresses of the API for what the pages do; `apiPath` of menus, too. */
export const paths = {
  apps: `${root}/apps`,
  app: (id: string) => of('apps', id),
  appDo: (id: string, what: 'clone' | 'clear' | 'release' | 'versions') => of('apps', id, what),
  version: (id: string, version: number) => of('apps', id, 'versions', String(version)),
  trial: (id: string, version: number) => of('apps', id, 'versions', String(version), 'test'),
  importPixelman: `${root}/import/pixelman`,
  instances: `${root}/instances`,
  instance: (id: string) => of('instances', id),
  stop: (id: string) => of('instances', id, 'stop'),
  thumbnail: (id: string) => of('instances', id, 'thumbnail'),
  sessions: `${root}/sessions`,
  session: (id: string) => of('sessions', id),
  end: (id: string) => of('sessions', id, 'end'),
  kick: (id: string, player: string) => of('sessions', id, 'players', player, 'kick'),
  control: (id: string) => of('sessions', id, 'control'),
  stats: (id: string) => of('sessions', id, 'stats'),
  tickets: `${root}/tickets`,
  turnTest: `${root}/turn/test`,
} as const;

/** Counts change with every session and instance of theirs. */
export const appsQuery = (query: Query) => listQuery(paths.apps, App, query, ['app', 'instance', 'session']);

export const appQuery = (id: string) =>
  queryOptions({
    queryKey: ['streams', 'app', id],
    queryFn: ({ signal }) => transport().call('GET', paths.app(id), App, { signal }),
    refetchInterval: 15_000,
    meta: { subjects: [`app:${id}`, 'instance', 'session'] },
  });

export const versionsQuery = (id: string) =>
  listQuery(paths.appDo(id, 'versions'), AppVersion, {}, ['app', 'instance']);

/** `progress`: what a node sees of a running instance comes as progress of its task. */
export const instancesQuery = (query: Query) =>
  listQuery(paths.instances, Instance, query, ['instance', 'session', 'progress']);

export const instanceQuery = (id: string) =>
  queryOptions({
    queryKey: ['streams', 'instance', id],
    queryFn: ({ signal }) => transport().call('GET', paths.instance(id), Instance, { signal }),
    refetchInterval: 10_000,
    meta: { subjects: [`instance:${id}`, 'progress'] },
  });

export const sessionsQuery = (query: Query) => listQuery(paths.sessions, Session, query, ['session']);

export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ['streams', 'session', id],
    queryFn: ({ signal }) => transport().call('GET', paths.session(id), SessionDetail, { signal }),
    refetchInterval: 10_000,
    meta: { subjects: [`session:${id}`] },
  });

export const statsQuery = (id: string, open: boolean) =>
  queryOptions({
    queryKey: ['streams', 'session', id, 'stats'],
    queryFn: ({ signal }) =>
      transport().call('GET', paths.stats(id), StatsAnswer, { query: { points: 240 }, signal }),
    refetchInterval: open ? 5_000 : false,
  });

/** Every node with what runs on it, renders that gave way among them. */
export const fleetQuery = () => listQuery('/api/v1/nodes', NodeView, {}, ['node', 'allocation', 'instance']);
