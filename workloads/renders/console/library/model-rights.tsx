import { listQuery, useList, useSession, useTexts } from '@backlot/console/workload';
import { Member } from '@backlot/contract/api/access';
import { ActionIcon, Select } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import type { z } from 'zod';
import { type Model, type ModelPatch, modelVisibilities } from '../../contract/api.ts';
import { renderTexts } from '../texts.ts';
import classes from './models-page.module.css';

interface ModelRightsProps {
  readonly model: Model;
  readonly busy: boolean;
  readonly onChange: (patch: z.input<typeof ModelPatch>) => void;
}

/** Who may see a model and who may render it. */
export function ModelRights({ model, busy, onChange }: ModelRightsProps) {
  const say = useTexts(renderTexts);
  const { can } = useSession();
  const grants = model.grants.map(({ accountId, right }) => ({ accountId, right }));
  return (
    <div className={classes.rights}>
      <Select
        label={say('models.rights')}
        data={modelVisibilities.map((value) => ({ value, label: say(`visibility.${value}`) }))}
        value={model.visibility}
        disabled={!model.may.change || busy}
        onChange={(value) => onChange({ visibility: value === 'private' ? 'private' : 'project' })}
        allowDeselect={false}
      />
      {model.visibility === 'private' &&
        model.grants.map((grant) => (
          <div key={grant.accountId} className={classes.person}>
            <span>{grant.name ?? grant.accountId}</span>
            <Select
              aria-label={grant.name ?? grant.accountId}
              data={(['see', 'use'] as const).map((value) => ({ value, label: say(`right.${value}`) }))}
              value={grant.right}
              disabled={!model.may.change || busy}
              onChange={(value) =>
                onChange({
                  grants: grants.map((one) =>
                    one.accountId === grant.accountId
                      ? { ...one, right: value === 'use' ? 'use' : 'see' }
                      : one,
                  ),
                })
              }
              allowDeselect={false}
            />
            <ActionIcon
              aria-label={say('rights.remove', { name: grant.name ?? grant.accountId })}
              disabled={!model.may.change || busy}
              onClick={() => onChange({ grants: grants.filter((one) => one.accountId !== grant.accountId) })}
            >
              <IconTrash size={15} aria-hidden="true" />
            </ActionIcon>
          </div>
        ))}
      {model.visibility === 'private' && model.may.change && can('members.read', model.projectId) && (
        <AddPerson
          model={model}
          onAdd={(accountId) => onChange({ grants: [...grants, { accountId, right: 'use' }] })}
        />
      )}
    </div>
  );
}

function AddPerson({ model, onAdd }: { readonly model: Model; readonly onAdd: (accountId: string) => void }) {
  const say = useTexts(renderTexts);
  const { items = [] } = useList(
    listQuery(`/api/v1/projects/${encodeURIComponent(model.projectId)}/members`, Member, {}, ['project']),
  );
  const free = items.filter((member) => !model.grants.some((grant) => grant.accountId === member.accountId));
  return (
    <Select
      aria-label={say('rights.add')}
      placeholder={say('rights.add')}
      data={free.map((member) => ({ value: member.accountId, label: `${member.name} (${member.email})` }))}
      value={null}
      onChange={(value) => value !== null && onAdd(value)}
      searchable
    />
  );
}
