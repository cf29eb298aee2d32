/** Kind of the task by which a room of a BililiveRecorder is followed. */
export const ENGINE_TASK = 'recordings.engine';
/** The process of a node that talks to its BililiveRecorder; a room is an allocation in it. */
export const ENGINE_HOST = 'recordings.engine';
/** Capability of a node that can reach a BililiveRecorder. */
export const ENGINE = 'bililive-recorder';
