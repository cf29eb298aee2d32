import { taskClasses } from '@backlot/contract';
import { obstacle } from './eligible.ts';
import { claim, dominantShare, type PoolTotals, totalsOf } from './fair-share.ts';
import { book, grantOn, workingCopy } from './fit.ts';
import type {
  Avoided,
  Candidate,
  Decision,
  FrozenWork,
  NodePlace,
  ProjectShare,
  ReadyGroup,
  ReadyTask,
  World,
} from './model.ts';
import { type Scarcity, scarcityOf, scoreOf, spreads } from './score.ts';

/** A group whose first task found no place, and why. */
export interface Stuck {
  readonly group: ReadyGroup;
  readonly task: ReadyTask;
  readonly why: 'room' | 'quota' | 'avoided';
}

export interface SearchResult {
  readonly decisions: readonly Decision[];
  /** One entry for each group that could not go on; for `avoided`, for each task. */
  readonly stuck: readonly Stuck[];
  readonly thaw: readonly FrozenWork[];
  /** The nodes as they are after all decisions. */
  readonly nodes: readonly NodePlace[];
  /** True when there was more to place than the limit allowed. */
  readonly more: boolean;
}

/** The next best places that are kept. */
const keep = 3;

/**
 * Finds places for ready tasks: classes in order, within a class the project with the smallest claim, within a
 * project by priority and age. A group whose first task fits nowhere answers for the whole group. Frozen work gets
 * its cores back before new batch work gets any, unless something more urgent waits for the node.
 *
 * Pure: reads the world, returns what to do. Ties are broken by the order of nodes, so that the same world gives
 * the same answer.
 */
export function search(world: World, limit: number): SearchResult {
  const nodes = world.nodes.map(workingCopy);
  const projects = new Map([...world.projects].map(([id, share]) => [id, { ...share }]));
  const run: Run = {
    world,
    nodes,
    byId: new Map(nodes.map((node) => [node.id, node])),
    projects,
    totals: totalsOf(nodes),
    scarcity: scarcityOf(nodes),
    eligible: new Map(),
  };
  const decisions: Decision[] = [];
  const stuck: Stuck[] = [];
  let thaw: FrozenWork[] = [];
  let more = false;
  for (const taskClass of taskClasses) {
    if (taskClass === 'batch') thaw = thawable(run, stuck);
    const queue = new GroupQueue(
      world.groups.filter((group) => group.class === taskClass),
      projects,
    );
    for (let next = queue.next(); next; next = queue.next()) {
      if (decisions.length >= limit) {
        more = true;
        break;
      }
      placeNext(run, queue, next, decisions, stuck);
    }
  }
  return { decisions, stuck, thaw, nodes, more };
}

interface Run {
  readonly world: World;
  readonly nodes: readonly NodePlace[];
  readonly byId: ReadonlyMap<string, NodePlace>;
  readonly projects: Map<string, ProjectShare>;
  readonly totals: PoolTotals;
  readonly scarcity: Scarcity;
  /** By shape: nodes that may take it at all. */
  readonly eligible: Map<string, NodePlace[]>;
}

function placeNext(
  run: Run,
  queue: GroupQueue,
  { group, task }: { readonly group: ReadyGroup; readonly task: ReadyTask },
  decisions: Decision[],
  stuck: Stuck[],
): void {
  const share = run.projects.get(group.projectId);
  if (share && overQuota(share, group)) {
    stuck.push({ group, task, why: 'quota' });
    queue.close(group);
    return;
  }
  const found = candidatesFor(run, group, task);
  if (found.candidates.length === 0) {
    stuck.push({ group, task, why: found.avoided ? 'avoided' : 'room' });
    // Only this task keeps away from the nodes with room; the next one may go there.
    if (found.avoided) queue.skip(group);
    else queue.close(group);
    return;
  }
  const [best] = found.candidates;
  const node = best && run.byId.get(best.nodeId);
  if (!best || !node) return;
  book(node, best.grant);
  if (share) {
    share.running += dominantShare(group.demand.resources, run.totals);
    if (group.class === 'batch') share.batchCpu += group.demand.resources.cpu;
  }
  decisions.push({ task, group, candidates: found.candidates });
  queue.skip(group);
}

function overQuota(share: ProjectShare, group: ReadyGroup): boolean {
  if (group.class !== 'batch' || share.batchCpuLimit === null) return false;
  return share.batchCpu + group.demand.resources.cpu > share.batchCpuLimit + 1e-6;
}

/** The best places, and whether there would have been one without what the task keeps away from. */
function candidatesFor(
  run: Run,
  group: ReadyGroup,
  task: ReadyTask,
): { readonly candidates: Candidate[]; readonly avoided: boolean } {
  const eligible = eligibleNodes(run, group);
  const avoided = avoidedBy(run.world, task);
  // Keeping away is a wish as long as there is nowhere else at all, busy or not.
  const others = eligible.some((node) => !avoided.has(node.id));
  const spread = spreads(group, run.world.strategy);
  const best: Candidate[] = [];
  let wouldFit = false;
  for (const node of eligible) {
    const entry = avoided.get(node.id);
    const closed = entry !== undefined && (entry.strict || others);
    const grant = grantOn(node, group.demand.resources);
    if (!grant) continue;
    if (closed) {
      wouldFit = true;
      continue;
    }
    const score = scoreOf(node, group.demand, task.jobId, run.scarcity, spread);
    insertBest(best, { nodeId: node.id, score, grant });
  }
  return { candidates: best, avoided: best.length === 0 && wouldFit };
}

function insertBest(best: Candidate[], candidate: Candidate): void {
  let at = best.length;
  while (at > 0 && (best[at - 1] as Candidate).score < candidate.score) at -= 1;
  if (at >= keep) return;
  best.splice(at, 0, candidate);
  if (best.length > keep) best.pop();
}

const nothing: ReadonlyMap<string, Avoided> = new Map();

function avoidedBy(world: World, task: ReadyTask): ReadonlyMap<string, Avoided> {
  const own = world.avoidances.get(task.id);
  const ofJob = task.jobId === null ? undefined : world.avoidances.get(task.jobId);
  if (!own || !ofJob) return own ?? ofJob ?? nothing;
  return new Map([...ofJob, ...own]);
}

function eligibleNodes(run: Run, group: ReadyGroup): NodePlace[] {
  const known = run.eligible.get(group.shape);
  if (known) return known;
  const nodes = run.nodes.filter((node) => obstacle(node, group.demand) === undefined);
  run.eligible.set(group.shape, nodes);
  return nodes;
}

/** Frozen work that fits again, on nodes that nothing more urgent waits for. */
function thawable(run: Run, stuck: readonly Stuck[]): FrozenWork[] {
  if (run.world.frozen.length === 0) return [];
  const wanted = new Set(stuck.flatMap(({ group }) => eligibleNodes(run, group).map((node) => node.id)));
  return run.world.frozen.filter((frozen) => {
    const node = run.byId.get(frozen.nodeId);
    if (!node?.connected || node.state !== 'ready' || wanted.has(node.id)) return false;
    if (node.used.cpu + frozen.cpu > node.total.cpu + 1e-6) return false;
    node.used.cpu += frozen.cpu;
    return true;
  });
}

/** Groups of one class with a cursor each; says which task is next. */
class GroupQueue {
  readonly #byProject = new Map<string, { readonly group: ReadyGroup; at: number }[]>();
  readonly #projects: ReadonlyMap<string, ProjectShare>;

  constructor(groups: readonly ReadyGroup[], projects: ReadonlyMap<string, ProjectShare>) {
    this.#projects = projects;
    for (const group of groups) {
      if (group.tasks.length === 0) continue;
      const list = this.#byProject.get(group.projectId) ?? [];
      list.push({ group, at: 0 });
      this.#byProject.set(group.projectId, list);
    }
  }

  next(): { readonly group: ReadyGroup; readonly task: ReadyTask } | undefined {
    let bestClaim = Number.POSITIVE_INFINITY;
    let best: { group: ReadyGroup; task: ReadyTask } | undefined;
    for (const [projectId, entries] of this.#byProject) {
      const first = firstOf(entries);
      if (!first) continue;
      const share = this.#projects.get(projectId);
      const value = share ? claim(share, first.task.waitedMs) : 0;
      const tie = value === bestClaim && best !== undefined && first.task.id < best.task.id;
      if (value < bestClaim || tie) {
        bestClaim = value;
        best = first;
      }
    }
    return best;
  }

  /** Goes on to the next task of the group. */
  skip(group: ReadyGroup): void {
    const entry = this.#entries(group).find((candidate) => candidate.group === group);
    if (!entry) return;
    entry.at += 1;
    if (entry.at >= group.tasks.length) this.close(group);
  }

  /** Nothing more of this group. */
  close(group: ReadyGroup): void {
    const left = this.#entries(group).filter((entry) => entry.group !== group);
    if (left.length > 0) this.#byProject.set(group.projectId, left);
    else this.#byProject.delete(group.projectId);
  }

  #entries(group: ReadyGroup): { readonly group: ReadyGroup; at: number }[] {
    return this.#byProject.get(group.projectId) ?? [];
  }
}

/** Highest priority, then oldest, over all groups of a project. */
function firstOf(entries: readonly { readonly group: ReadyGroup; readonly at: number }[]) {
  let first: { group: ReadyGroup; task: ReadyTask } | undefined;
  for (const { group, at } of entries) {
    const task = group.tasks[at];
    if (!task) continue;
    const before =
      first === undefined ||
      task.priority > first.task.priority ||
      (task.priority === first.task.priority && task.id < first.task.id);
    if (before) first = { group, task };
  }
  return first;
}
