import { BacklotError } from '@backlot/contract';
import type { Actor } from '@backlot/control/workload';
import { compatErrors } from '../../../contract/compat/errors.ts';
import type { NgliveImported } from '../../../contract/compat/nglive.ts';
import type { Gateways } from '../gateways.ts';
import { readIni } from './read-ini.ts';
import { understandConfig } from './understand-config.ts';

/**
 * Takes NGlive's config.ini over: its reverse address is stored and the gateway left as it is, on or off; the flow is answered,
 * to be looked at and stored by whoever imports. @throws config_unreadable
 */
export async function importConfig(
  gateways: Gateways,
  { projectId, ini }: { readonly projectId: string; readonly ini: string },
  actor: Actor,
): Promise<NgliveImported> {
  const read = readIni(ini);
  if (!read.ok) {
    throw new BacklotError(compatErrors.config_unreadable, { params: { line: read.line }, pointer: 'ini' });
  }
  const { reverse, flow, node, notes } = understandConfig(read.ini);
  const before = await gateways.row(projectId);
  const others = before ? await gateways.reverseOf(before) : [];
  const { enabled, name, recorder, flow: its } = await gateways.view(projectId);
  const gateway = await gateways.put(
    {
      projectId,
      enabled,
      name,
      recorder: node.BACKLOT_BILILIVE_DIR === undefined ? recorder : 'bililive',
      flow: its,
      reverse: reverse ? [...others.filter(({ url }) => url !== reverse.url), reverse] : others,
    },
    actor,
  );
  return { gateway, flow, node, notes: [...notes] };
}
