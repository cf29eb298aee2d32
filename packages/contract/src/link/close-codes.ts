/** Why a side closes the link: WebSocket close codes, 1000–1015 by RFC 6455 §7.4.1, 4000–4999 our own. */
export const linkCloseCodes = {
  /** The control plane stops or restarts; come back after the time told by `goaway`. */
  goingAway: 1001,
  /** Too many malformed messages. */
  policy: 1008,
  tooLarge: 1009,
  /** The other side does not read: its queue is full. */
  overloaded: 1013,
  /** A newer connection of the same node has taken over. */
  replaced: 4001,
  /** Sign-in was refused; the `error` envelope before it says why. */
  refused: 4002,
  /** No valid `hello` in time. */
  noHello: 4003,
  /** Nothing was heard for too long. */
  silent: 4004,
  /** The node's lease was given up; signing in again gives it a new epoch. */
  leaseEnded: 4005,
} as const;
