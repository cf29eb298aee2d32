import type { TaskClass } from '@backlot/contract';
import { type AllocationFacts, type AllocationStep, stepOf } from '../allocations/facts.ts';

/** Work on this node, as far as the room that it takes goes. */
export interface WorkHere {
  readonly class: TaskClass;
  readonly step: AllocationStep;
  /** Bytes that it was promised; an upload or a deletion was promised none, because it makes room. */
  readonly disk: number;
  /** Stands still already, whoever has asked for it. */
  readonly frozen: boolean;
}

export function workHere(facts: AllocationFacts): WorkHere {
  const { offer, state } = facts;
  return { class: offer.class, step: stepOf(facts), disk: offer.resources.disk, frozen: state === 'frozen' };
}

/** With less free disk a machine is of no use to anybody. */
const UNUSABLE_BYTES = 256 * 1024 * 1024;

const goesOn = ({ step }: WorkHere) => step === 'preparing' || step === 'running';

/**
 * Whether this stands still while the disk is nearly full: what writes and can wait. Never what is live or watched, and
 * never what makes room, else nothing would. What has run and is only brought away makes room too. Pure.
 */
export function standsStill(work: WorkHere): boolean {
  return work.class === 'batch' && work.disk > 0 && goesOn(work);
}

/**
 * What ends next on a disk that is full: batch work, what stands still before what runs, and then the newest, of which the
 * least is lost. Nothing, as long as it would make room for nobody: there is no live work here, and the machine is of use.
 * Pure; `all` in the order in which it came.
 */
export function nextToEnd<Work extends WorkHere>(all: readonly Work[], free: number): Work | undefined {
  const unusable = free < UNUSABLE_BYTES;
  if (!unusable && !all.some((work) => work.class === 'live')) return undefined;
  const may = all.filter((work) => work.class === 'batch' && goesOn(work) && (work.disk > 0 || unusable));
  return may.findLast(({ frozen }) => frozen) ?? may.at(-1);
}
