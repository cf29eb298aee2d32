/**
 * Every shape that crosses a process boundary in the renders workload: what a person may ask for, what a model turned
 * out to be, what tasks are told and answer, the HTTP API, and the sentences. Forms, command line options and the
 * OpenAPI document are made from these schemas.
 */
export * from './contract/api.ts';
export * from './contract/errors.ts';
export * from './contract/flow-trigger.ts';
export * from './contract/frames.ts';
export * from './contract/job.ts';
export * from './contract/model.ts';
export * from './contract/phrases.ts';
export * from './contract/settings.ts';
export * from './contract/tasks.ts';
