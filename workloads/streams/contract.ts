/**
 * Every shape that crosses a process boundary in the streams workload: apps and their versions, the states of instances
 * and sessions, what a node is told and answers, tickets, and the HTTP API.
 */
export * from './contract/api.ts';
export * from './contract/app.ts';
export * from './contract/errors.ts';
export * from './contract/import-phrases.ts';
export * from './contract/instance.ts';
export * from './contract/phrases.ts';
export * from './contract/session.ts';
export * from './contract/tasks.ts';
export * from './contract/tickets.ts';
export * from './contract/turn.ts';
export * from './contract/wire.ts';
export * from './contract/wire-errors.ts';
export * from './contract/wire-extensions.ts';
