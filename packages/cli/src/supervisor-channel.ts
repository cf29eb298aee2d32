import { type PartMessage, SupervisorMessage } from '@backlot/contract/supervision';

/** Our end of the channel to `backlot up`, for the commands that it runs as its parts. */
export interface SupervisorChannel {
  tell(message: PartMessage): void;
  onMessage(listener: (message: SupervisorMessage) => void): void;
}

/** The channel, when there is one: started by a person or a service manager there is none. */
export function supervisorChannel(process: NodeJS.Process): SupervisorChannel | undefined {
  if (!process.channel) return undefined;
  return {
    tell(message) {
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    onMessage(listener) {
      process.on('message', (raw) => {
        const message = SupervisorMessage.safeParse(raw).data;
        if (message) listener(message);
      });
    },
  };
}
