import type { MethodName } from '../../contract/signalling.ts';

/**
 * Which words a client speaks. Ours are the newest demo's and more. A demo's client does not say which demo it is of; it
 * is known by what it asks, and until then is answered in words that both understand.
 */
export type Vocabulary = 'backlot' | 'newest' | '2024' | 'unknown';

/** What the address of the socket tells. @param params of the query */
export function vocabularyOfAddress(
  params: URLSearchParams,
  protocols: readonly string[],
  tokenProtocol: string,
): Vocabulary {
  const said = params.get('vocabulary');
  if (said === 'newest' || said === '2024') return said;
  if (params.get('client') === 'backlot' || protocols.some((name) => name.startsWith(tokenProtocol))) {
    return 'backlot';
  }
  // Only the newest demo's app has this switch, and it always sends it.
  return params.has('usePipeTransports') ? 'newest' : 'unknown';
}

/** Methods that the newest demo's app sends as notifications, and that of 2024 as requests. */
const moved: ReadonlySet<MethodName> = new Set([
  'closeProducer',
  'pauseProducer',
  'resumeProducer',
  'pauseConsumer',
  'resumeConsumer',
  'setConsumerPreferredLayers',
  'setConsumerPriority',
  'requestConsumerKeyFrame',
  'changeDisplayName',
]);

/** What is known after a client has said something. */
export function hear(
  known: Vocabulary,
  said: { readonly kind: 'request' | 'notification'; readonly method: MethodName; readonly data: unknown },
): Vocabulary {
  if (known !== 'unknown') return known;
  const { kind, method } = said;
  if (moved.has(method)) return kind === 'notification' ? 'newest' : '2024';
  if (method === 'getRtcStatsUrl' || method === 'stopNetworkThrottle') return 'newest';
  if (method === 'resetNetworkThrottle') return '2024';
  const data = (said.data ?? {}) as Record<string, unknown>;
  if (method === 'createWebRtcTransport') {
    if (typeof data.producing === 'boolean' || typeof data.consuming === 'boolean') return '2024';
    const appData = data.appData as { direction?: unknown } | undefined;
    if (appData?.direction !== undefined) return 'newest';
  }
  if (method === 'applyNetworkThrottle') return data.options === undefined ? '2024' : 'newest';
  return known;
}
