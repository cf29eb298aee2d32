/**
 * How control and the media host of a node speak about one room: calls to the room's allocation, each answered, and events by
 * which the host tells what happened by itself. Modelled on mediasoup's own objects; see the files for each part.
 */
export * from './media/calls.ts';
export * from './media/codecs.ts';
export * from './media/events.ts';
export * from './media/rtp.ts';
export * from './media/settings.ts';
