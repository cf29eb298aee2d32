/** A worker as placement sees it. */
export interface WorkerLoad {
  readonly index: number;
  /** Packets per second, reservations included. */
  readonly load: number;
  readonly budget: number;
  /** False while it is being started again. */
  readonly running: boolean;
}

/** A router that a room has on a worker. */
export interface RouterLoad {
  readonly worker: number;
  readonly consumers: number;
}

/** Above this share of its worker's budget the home router takes no more viewers: it must keep air for its publishers. */
const homeShare = 0.6;
/** An edge router is filled up to this share before the next one is opened. */
const edgeShare = 0.85;

/** The worker for a new room: most headroom, the lowest index among equals. Nothing when none runs. */
export function chooseHome(workers: readonly WorkerLoad[]): number | undefined {
  return byHeadroom(workers.filter(({ running }) => running))[0]?.index;
}

/**
 * The worker for a new viewer of a room: the home router while it has air, then edges one after the other, then a new edge
 * where there is most headroom. When everything is full, the least loaded: a worker that runs a little hot loses less than
 * a viewer who is refused.
 */
export function chooseForViewer(input: {
  readonly workers: readonly WorkerLoad[];
  readonly home: RouterLoad;
  /** In the order in which they were opened. */
  readonly edges: readonly RouterLoad[];
  readonly maxConsumersPerRouter: number;
  /** Packets per second that the viewer is expected to need. */
  readonly packets: number;
}): number | undefined {
  const { workers, home, edges, maxConsumersPerRouter, packets } = input;
  const running = new Map(workers.filter((worker) => worker.running).map((worker) => [worker.index, worker]));
  const fits = ({ worker, consumers }: RouterLoad, share: number) => {
    const found = running.get(worker);
    if (!found) return false;
    return found.load + packets <= found.budget * share && consumers < maxConsumersPerRouter;
  };
  if (fits(home, homeShare)) return home.worker;
  const open = edges.find((edge) => fits(edge, edgeShare));
  if (open) return open.worker;
  const taken = new Set([home.worker, ...edges.map(({ worker }) => worker)]);
  const fresh = byHeadroom([...running.values()].filter(({ index }) => !taken.has(index))).find(
    ({ load, budget }) => load + packets <= budget,
  );
  if (fresh) return fresh.index;
  return byHeadroom([...running.values()])[0]?.index;
}

function byHeadroom(workers: readonly WorkerLoad[]): WorkerLoad[] {
  return [...workers].sort((a, b) => b.budget - b.load - (a.budget - a.load) || a.index - b.index);
}
