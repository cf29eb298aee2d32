import type { NodeView } from '@backlot/contract/api/nodes';
import { NodeLoad } from '@backlot/contract/link/messages';
import { useMemo } from 'react';
import { useLiveUpdate } from '../../api/live.tsx';

/** The newest load of a node: from the live stream, or as last read, whichever was measured later. */
export function useNodeLoad(node: NodeView): NodeLoad | null {
  const update = useLiveUpdate('node.load', node.id);
  return useMemo(() => {
    const live = NodeLoad.safeParse(update).data;
    if (!live) return node.load;
    return node.load && Date.parse(node.load.at) > Date.parse(live.at) ? node.load : live;
  }, [update, node.load]);
}
