/** What a publisher sent breaks the protocol, or one of our limits. Ends its connection, and nothing else. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
