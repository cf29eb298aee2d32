import type { FlowDetail } from '@backlot/contract/flow/api';

/** What a text in the editor was made from: a version, as it was saved. */
export type Base = Pick<FlowDetail, 'version' | 'text'>;

/**
 * What another saved version means for the text that somebody is working on.
 *
 * current    there is none
 * follow     nothing would be lost: the editor goes on with the newer one
 * collision  there are changes; whoever made them has to say what becomes of them
 */
export type Meanwhile = 'current' | 'follow' | 'collision';

/** Pure. An older version than the base is an answer that was overtaken by one's own saving. */
export function meanwhile(base: Base, newest: Base, text: string): Meanwhile {
  if (newest.version <= base.version) return 'current';
  return text === base.text || text === newest.text ? 'follow' : 'collision';
}
