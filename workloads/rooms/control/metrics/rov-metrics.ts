import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** How many of what there are, as the control plane knows without asking anybody. */
export interface RoomCounts {
  readonly rooms: number;
  readonly clients: number;
  readonly publishers: number;
  readonly subscribers: number;
}

export interface RovOptions {
  readonly registry: Registry;
  readonly counts: () => RoomCounts;
  /** mediasoup workers that run, by the last look at each host. */
  readonly workers: () => number;
  /** Set before each name (`BACKLOT_ROV_PREFIX`), as ROV's own setting does. */
  readonly prefix?: string;
}

/** 0 to 10: mediasoup's scores, the rounded share of packets that arrive in time. */
const scoreBuckets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/**
 * The eleven metrics of mediasoup-signal's ROV by their names, so that its dashboards go on. What was a gauge that
 * each reading set back to zero is a counter with labels here, and averages of averages are histograms. Reading them costs no
 * call to any node.
 */
export class RovMetrics {
  readonly #failures: Readonly<Record<'ice' | 'dtls' | 'sctp', Counter<'node' | 'state'>>>;
  readonly #produceScore: Histogram<'node'>;
  readonly #consumeScore: Histogram<'node'>;
  readonly #rpcCost: Histogram<'method' | 'outcome'>;

  constructor({ registry, counts, workers, prefix = '' }: RovOptions) {
    const registers = [registry];
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name: `${prefix}${name}`,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    gauge('activeRooms', 'Rooms that are open.', () => counts().rooms);
    gauge('activeClients', 'Participants of all rooms.', () => counts().clients);
    gauge('totalPublishers', 'Published tracks (producers).', () => counts().publishers);
    gauge('totalSubscribers', 'Received tracks (consumers).', () => counts().subscribers);
    gauge('activeErizoJsProcesses', 'mediasoup workers that run.', workers);
    const failures = (layer: string) =>
      new Counter({
        name: `${prefix}total${layer}connectionsFailed`,
        help: `${layer} connections of transports that failed, by node and the state they came to.`,
        labelNames: ['node', 'state'],
        registers,
      });
    this.#failures = { ice: failures('ICE'), dtls: failures('DTLS'), sctp: failures('SCTP') };
    const score = (name: string, help: string) =>
      new Histogram({
        name: `${prefix}${name}`,
        help,
        labelNames: ['node'],
        buckets: scoreBuckets,
        registers,
      });
    this.#produceScore = score(
      'produceScore',
      'Scores of producers as told, 0 to 10: the best stream of each.',
    );
    this.#consumeScore = score('consumeScore', 'Scores of consumers as told, 0 to 10.');
    this.#rpcCost = new Histogram({
      name: `${prefix}rpcCost`,
      help: 'Calls from control to media hosts, in milliseconds, by method and outcome.',
      labelNames: ['method', 'outcome'],
      buckets: [0.5, 1, 2, 5, 10, 20, 50, 100, 250, 1_000, 5_000],
      registers,
    });
  }

  transportState(node: string, layer: 'ice' | 'dtls' | 'sctp', state: string): void {
    if (failed(layer, state)) this.#failures[layer].inc({ node, state });
  }

  /** The best of its encodings: a publisher of simulcast that pauses a layer is not a bad one. */
  producerScore(node: string, scores: readonly { readonly score: number }[]): void {
    if (scores.length > 0)
      this.#produceScore.observe({ node }, Math.max(...scores.map(({ score }) => score)));
  }

  consumerScore(node: string, score: number): void {
    this.#consumeScore.observe({ node }, score);
  }

  called(method: string, ms: number, outcome: 'ok' | 'refused' | 'failed'): void {
    this.#rpcCost.observe({ method, outcome }, ms);
  }
}

/** ICE never says "failed" in a server with ICE-lite: it loses its peer. A closed one was closed by somebody. */
function failed(layer: 'ice' | 'dtls' | 'sctp', state: string): boolean {
  return layer === 'ice' ? state === 'disconnected' : state === 'failed';
}
