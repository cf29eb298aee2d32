/** What is used of a WebSocket, so that tests and other runtimes can bring their own. */
export interface SocketLike {
  /** 1 while it is open. */
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
}

/** Opens a socket; `new WebSocket` fits. */
export type OpenSocket = (url: string, protocols: readonly string[]) => SocketLike;

export const openWebSocket: OpenSocket = (url, protocols) =>
  new WebSocket(url, [...protocols]) as unknown as SocketLike;

/** Messages of protoo, with the sequence number that sessions of ours have. */
export type Frame =
  | { readonly kind: 'request'; readonly id: number; readonly method: string; readonly data: unknown }
  | { readonly kind: 'response'; readonly id: number; readonly ok: boolean; readonly body: ResponseBody }
  | { readonly kind: 'notification'; readonly method: string; readonly data: unknown };

export interface ResponseBody {
  readonly data?: unknown;
  readonly errorCode?: unknown;
  readonly errorReason?: unknown;
  readonly errorData?: { readonly code?: unknown };
}

/** Reads one message; undefined for what is none, which is left out: a newer server may say more than we know. */
export function readFrame(
  text: unknown,
): { readonly frame: Frame; readonly seq: number | undefined } | undefined {
  if (typeof text !== 'string') return undefined;
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const seq = typeof message.seq === 'number' ? message.seq : undefined;
  const { id, method } = message;
  const data = message.data ?? {};
  if (message.response === true && typeof id === 'number') {
    return { seq, frame: { kind: 'response', id, ok: message.ok === true, body: message as ResponseBody } };
  }
  if (typeof method !== 'string') return undefined;
  if (message.request === true && typeof id === 'number') {
    return { seq, frame: { kind: 'request', id, method, data } };
  }
  if (message.notification === true) return { seq, frame: { kind: 'notification', method, data } };
  return undefined;
}
