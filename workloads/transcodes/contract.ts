export * from './contract/api.ts';
export * from './contract/errors.ts';
export * from './contract/phrases.ts';
export * from './contract/settings.ts';
export * from './contract/tasks.ts';
