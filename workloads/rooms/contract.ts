/** Shapes that the halves of rooms share: settings, rights, signalling, and the calls to a media host. */
export * from './contract/api.ts';
export * from './contract/broadcaster.ts';
export * from './contract/errors.ts';
export * from './contract/grants.ts';
export * from './contract/http-errors.ts';
export * from './contract/media.ts';
export * from './contract/phrases.ts';
export * from './contract/recording.ts';
export * from './contract/room.ts';
export * from './contract/signalling.ts';
export * from './contract/tasks.ts';
