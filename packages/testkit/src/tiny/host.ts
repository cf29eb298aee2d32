import { serveHost } from '@backlot/node/host-process';

/** A resident process that says back what it is told: the smallest host there can be. */
let served = 0;
await serveHost({
  async start({ input }) {
    served += 1;
    return { echoed: String(input.word), hostPid: process.pid, served };
  },
  async call(_allocation, method, payload) {
    return { method, payload };
  },
});
