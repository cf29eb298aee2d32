import { join } from 'node:path';
import {
  type Capability,
  collectStepKinds,
  type FactDraft,
  fileValueOf,
  missingFrom,
  type Offer,
} from '@backlot/contract';
import { FactDraft as FactSchema } from '@backlot/contract/fact';
import { kernelSteps } from '@backlot/contract/flow/kinds/kernel-steps';
import { Allocations, type AllocationsParts } from '../allocations/allocations.ts';
import { isHosted } from '../allocations/execution.ts';
import type { Holdings } from '../holdings/holdings.ts';
import { toOutput } from '../holdings/letters.ts';
import type { NodeWorkload } from '../workload.ts';
import { Deputy, type DeputyParts } from './deputy.ts';
import { localBox } from './local-box.ts';
import type { OpenStep } from './local-plan.ts';
import { planFlow } from './plan-flow.ts';

/** How a node behaves while the control plane is away. */
export interface AloneOptions {
  /** The link has to be down for so long before a flow is run here; 30 s unless told. Milliseconds. */
  readonly afterMs?: number | undefined;
  /** Steps at the same time; 2 unless told. */
  readonly places?: number;
}

export interface OpenDeputyOptions extends AloneOptions {
  readonly dataDir: string;
  readonly nodeId: string;
  readonly workloads: readonly NodeWorkload[];
  readonly holdings: Holdings;
  /** What the allocations of the control plane are made of; the local ones share most of it. */
  readonly parts: AllocationsParts;
  readonly capabilities: () => readonly Capability[];
  /** The allocations of the control plane. */
  readonly allocations: Pick<Allocations, 'ids' | 'offerOf'>;
  readonly link: DeputyParts['link'];
}

const usual = { afterMs: 30_000, places: 2 } as const;
/** In a letter, what a fact that begins a flow can't be without. */
const flowMark = '"flow":{';

/** Puts the deputy together with what the agent has. */
export function openDeputy(options: OpenDeputyOptions): Promise<Deputy> {
  const { dataDir, nodeId, workloads, holdings, parts, allocations, link } = options;
  const steps = workloads.flatMap((workload) => workload.steps ?? []);
  const { clock, random, log } = parts;
  return Deputy.open({
    folder: join(dataDir, 'deputy'),
    nodeId,
    clock,
    random,
    log,
    awayMs: options.afterMs ?? usual.afterMs,
    places: options.places ?? usual.places,
    plan: planFlow(collectStepKinds([...kernelSteps, ...steps]), nodeId),
    triggers: workloads.flatMap((workload) => workload.triggers ?? []),
    untold: () => untoldFacts(holdings, allocations),
    here: () => allocations.ids(),
    held: (task) =>
      holdings
        .ofTask(task)
        .toSorted((one, other) => one.since - other.since || one.name.localeCompare(other.name, 'en'))
        .map((file) => fileValueOf(toOutput(file), { holders: [nodeId] })),
    known: parts.known,
    cannot: (step) => whyNot(step, options),
    link,
    allocations: ({ folder, link: local, found }) =>
      new Allocations({ ...parts, folder, link: local, findings: localBox(holdings, found), local: true }),
  });
}

/** Facts that begin flows and that the control plane has not heard of, oldest first. */
function untoldFacts(
  holdings: Holdings,
  allocations: Pick<Allocations, 'offerOf'>,
): { readonly offer: Offer; readonly fact: FactDraft }[] {
  return holdings.ledger.lettersWith(flowMark).flatMap(({ allocation, body }) => {
    const offer = allocations.offerOf(allocation);
    if (!offer) return [];
    const { facts = [] } = JSON.parse(body) as { facts?: unknown[] };
    return facts.flatMap((fact) => {
      const parsed = FactSchema.safeParse(fact);
      return parsed.success && parsed.data.flow ? [{ offer, fact: parsed.data }] : [];
    });
  });
}

/** Why this node can't do a step; undefined when it can. Whatever it can't is the control plane's. */
async function whyNot(
  { kind, draft }: OpenStep,
  { parts, capabilities, nodeId }: OpenDeputyOptions,
): Promise<string | undefined> {
  if (!draft) return `${kind} is done by the control plane`;
  const executor = parts.executorOf(draft.kind);
  if (!executor) return `this node has no ${draft.kind}`;
  if (draft.host !== undefined || isHosted(executor)) return `${draft.kind} runs in a host`;
  if (draft.resources.gpus.length > 0) return 'which GPU is free only the control plane knows';
  if (draft.constraints.nodes && !draft.constraints.nodes.includes(nodeId)) return 'it is for another node';
  for (const query of draft.constraints.capabilities) {
    const missing = missingFrom(capabilities(), query);
    if (missing !== undefined) return `this node has no ${missing}`;
  }
  for (const input of draft.inputs) {
    if (!(await parts.inputs.has(input))) return `the bytes of ${input.name} are not here`;
  }
  return undefined;
}
