import { listQuery } from '@backlot/console/workload';
import { Delivery, Message, Subscription } from '../contract/api.ts';
import { DeliveryTarget } from '../contract/target.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export const targetPath = (id: string) => `/api/v1/delivery-targets/${encodeURIComponent(id)}`;
export const messagePath = (id: string) => `/api/v1/delivery-messages/${encodeURIComponent(id)}`;
export const routesPath = '/api/v1/delivery-subscriptions';
export const routePath = (id: string) => `${routesPath}/${encodeURIComponent(id)}`;
export const targetsQuery = (query: Query) =>
  listQuery('/api/v1/delivery-targets', DeliveryTarget, query, ['delivery-target']);
export const uploadsQuery = (query: Query) => listQuery('/api/v1/deliveries', Delivery, query, ['task']);
export const messagesQuery = (query: Query) =>
  listQuery('/api/v1/delivery-messages', Message, query, ['delivery-target']);
export const routesQuery = (query: Query) => listQuery(routesPath, Subscription, query, ['delivery-target']);
