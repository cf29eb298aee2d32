import type { Kernel } from '@backlot/control/workload';

type AccessControl = Kernel['access'];

/** What deciding about a model needs to know of it. */
export interface ModelRights {
  readonly projectId: string;
  readonly ownerId: string | null;
  readonly visibility: 'project' | 'private';
  readonly grants: readonly { readonly accountId: string; readonly right: 'see' | 'use' }[];
}
/** What somebody may do in the model's project, by their role. */
export interface ReaderRights {
  readonly accountId: string | null;
  readonly read: boolean;
  readonly submit: boolean;
  /** Operators take care of all models, also private ones. */
  readonly manage: boolean;
}

export interface ModelMay {
  readonly see: boolean;
  readonly use: boolean;
  readonly change: boolean;
}

/**
 * What somebody may do with a model. A role in the project is always needed: a grant opens a private model to a member,
 * it does not make one.
 */
export function rightsTo(model: ModelRights, reader: ReaderRights): ModelMay {
  const own = reader.accountId !== null && model.ownerId === reader.accountId;
  const grant = model.grants.find(({ accountId }) => accountId === reader.accountId)?.right;
  const open = model.visibility === 'project' || own || reader.manage;
  return {
    see: reader.read && (open || grant !== undefined),
    use: reader.submit && (open || grant === 'use'),
    change: reader.submit && (own || reader.manage),
  };
}

/** The reader's rights in a project, as the kernel's access control says. */
export function readerIn(
  access: AccessControl,
  actor: Parameters<AccessControl['may']>[0],
  projectId: string,
): ReaderRights {
  return {
    accountId: actor.kind === 'account' || actor.kind === 'token' ? actor.id : null,
    read: access.may(actor, 'renders.models.read', projectId),
    submit: access.may(actor, 'renders.models.write', projectId),
    manage: access.may(actor, 'renders.models.manage', projectId),
  };
}
