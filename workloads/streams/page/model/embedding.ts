import type { StreamSession } from '@backlot/sdk/streams';
import { playerSource, readHostCall } from '@backlot/sdk/streams/embed-protocol';

/** Tells the page around this one, if there is one, what happens here. It framed this page, so it may know. */
export function tellHost(name: string, data: object): void {
  if (window.parent === window) return;
  window.parent.postMessage({ source: playerSource, event: name, data }, '*');
}

/** Does what the page around this one asks for. @returns what ends it. */
export function obeyHost(session: StreamSession): () => void {
  const onMessage = (message: MessageEvent<unknown>) => {
    if (message.source !== window.parent || window.parent === window) return;
    const asked = readHostCall(message.data);
    if (!asked) return;
    switch (asked.call) {
      case 'command':
        session.sendCommand(asked.descriptor);
        return;
      case 'interaction':
        session.sendInteraction(asked.descriptor);
        return;
      case 'mute':
        session.setMuted(asked.muted);
        return;
      case 'stay':
        session.stay();
        return;
      case 'takeControl':
        session.takeControl();
        return;
      case 'focus':
        session.focus();
        return;
      case 'end':
        session.end();
        return;
    }
  };
  window.addEventListener('message', onMessage);
  return () => window.removeEventListener('message', onMessage);
}
