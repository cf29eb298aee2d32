/** Logs of local work, which go nowhere. */
export const keptLogs = {
  start: () => undefined,
  finish: async () => undefined,
  close: () => undefined,
};
