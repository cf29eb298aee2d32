/** Signalling at `/rooms/ws`: frames, what clients may call, what the server says. */
export * from './signalling/frames.ts';
export * from './signalling/methods.ts';
export * from './signalling/notifications.ts';
