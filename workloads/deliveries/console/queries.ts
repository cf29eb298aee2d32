import { listQuery } from '@backlot/console/workload';
import { Delivery, Message } from '../contract/api.ts';
import { DeliveryTarget } from '../contract/target.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export const targetPath = (id: string) => `/api/v1/delivery-targets/${encodeURIComponent(id)}`;
export const messagePath = (id: string) => `/api/v1/delivery-messages/${encodeURIComponent(id)}`;
export const targetsQuery = (query: Query) =>
  listQuery('/api/v1/delivery-targets', DeliveryTarget, query, ['delivery-target']);
export const uploadsQuery = (query: Query) => listQuery('/api/v1/deliveries', Delivery, query, ['task']);
export const messagesQuery = (query: Query) =>
  listQuery('/api/v1/delivery-messages', Message, query, ['delivery-target']);
