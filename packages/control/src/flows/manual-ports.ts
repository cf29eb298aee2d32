import {
  type Artifact,
  BacklotError,
  type FileValue,
  type FlowDefinition,
  type FlowRunStart,
  flowErrors,
  kernelErrors,
  type PortValues,
} from '@backlot/contract';
import { sql } from 'kysely';
import { toArtifact } from '../artifacts/artifact-row.ts';
import type { Db } from '../db/schema.ts';
import type { Actor, Artifacts } from '../kernel.ts';
import type { InstalledKinds } from './flow-kinds.ts';

/**
 * Artifacts that somebody has chosen as values for a trigger's ports: of the flow's own project, and such as may be seen.
 * @throws flow_run_port, not_found
 */
export async function portsFromArtifacts(
  deps: {
    readonly db: Db;
    readonly artifacts: Pick<Artifacts, 'visibleTo'>;
    readonly installed: InstalledKinds;
  },
  flow: { readonly projectId: string; readonly definition: FlowDefinition },
  chosen: FlowRunStart['artifacts'],
  actor: Actor,
): Promise<PortValues> {
  const { kind } = flow.definition.trigger;
  const outputs = deps.installed.triggers.get(kind)?.outputs ?? {};
  const found = await findArtifacts(deps, flow.projectId, Object.values(chosen).flat(), actor);
  const ports: PortValues = {};
  for (const [port, ids] of Object.entries(chosen)) {
    const type = Object.hasOwn(outputs, port) ? outputs[port]?.type : undefined;
    const files = ids.map((id) => fileOf(found.get(id) as Artifact));
    const [first] = files;
    if (type === 'files') ports[port] = { type, files };
    else if (type === 'file' && first && files.length === 1) ports[port] = { type, file: first };
    else {
      const known = Object.entries(outputs).map(([name, value]) => `${name} (${value.type})`);
      throw new BacklotError(flowErrors.flow_run_port, {
        params: { trigger: kind, port, known: known.join(', ') || '–' },
        pointer: `artifacts.${port}`,
      });
    }
  }
  return ports;
}

async function findArtifacts(
  deps: { readonly db: Db; readonly artifacts: Pick<Artifacts, 'visibleTo'> },
  projectId: string,
  ids: readonly string[],
  actor: Actor,
): Promise<Map<string, Artifact>> {
  if (ids.length === 0) return new Map();
  const rows = await deps.db
    .selectFrom('artifact')
    .selectAll()
    .where('id', '=', sql<string>`ANY(${ids}::uuid[])`)
    .where('project_id', '=', projectId)
    .where('deleted_at', 'is', null)
    .execute();
  const seen = await deps.artifacts.visibleTo(actor, rows.map(toArtifact));
  const found = new Map(seen.map((artifact) => [artifact.id, artifact]));
  const missing = ids.find((id) => !found.has(id));
  if (missing === undefined) return found;
  throw new BacklotError(kernelErrors.not_found, { params: { what: 'artifact', id: missing } });
}

function fileOf(artifact: Artifact): FileValue {
  const { id, digest, size, name, mediaType, kind, meta, holders } = artifact;
  return {
    digest,
    size,
    name,
    mediaType,
    kind,
    meta,
    artifactId: id,
    ...(holders.length > 0 ? { holders } : {}),
  };
}
