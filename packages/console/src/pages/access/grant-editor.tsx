import { type Role, roles } from '@backlot/contract/roles';
import { ActionIcon, Button, Select } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { useSession } from '../../session/session.tsx';
import classes from './access.module.css';
import { accessTexts } from './texts.ts';

export interface GrantDraft {
  readonly projectId: string | null;
  readonly role: Role;
}

interface GrantEditorProps {
  readonly grants: readonly GrantDraft[];
  readonly onChange: (grants: readonly GrantDraft[]) => void;
}

const everywhere = '*';

/** Roles of one person: one per project, or one for everything. */
export function GrantEditor({ grants, onChange }: GrantEditorProps) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const { projects } = useSession();
  const change = (at: number, grant: GrantDraft) =>
    onChange(grants.map((one, index) => (index === at ? grant : one)));
  const places = [
    { value: everywhere, label: say('everywhere') },
    ...projects.map((project) => ({ value: project.id, label: project.name })),
  ];
  const taken = new Set(grants.map((grant) => grant.projectId ?? everywhere));
  const free = places.find((place) => !taken.has(place.value));
  return (
    <fieldset style={{ margin: 0, padding: 0, border: 0, minWidth: 0 }}>
      <legend>{say('roles')}</legend>
      <ul className={classes.grants}>
        {grants.map((grant, index) => (
          <li key={grant.projectId ?? everywhere} className={classes.grant}>
            <Select
              aria-label={say('project')}
              data={places.filter(
                (place) => place.value === (grant.projectId ?? everywhere) || !taken.has(place.value),
              )}
              value={grant.projectId ?? everywhere}
              onChange={(value) =>
                change(index, { ...grant, projectId: value === everywhere ? null : value })
              }
              allowDeselect={false}
            />
            <Select
              aria-label={say('role')}
              w={190}
              data={roles.map((role) => ({
                value: role,
                label: `${word(`role.${role}`)}: ${say(`role.${role}.text`)}`,
              }))}
              comboboxProps={{ width: 300, position: 'bottom-end' }}
              value={grant.role}
              onChange={(value) =>
                change(index, { ...grant, role: roles.find((role) => role === value) ?? grant.role })
              }
              allowDeselect={false}
            />
            <ActionIcon
              aria-label={say('grant.remove')}
              onClick={() => onChange(grants.filter((_, at) => at !== index))}
            >
              <IconTrash size={15} aria-hidden="true" />
            </ActionIcon>
          </li>
        ))}
        {grants.length === 0 && <li className="dim">{say('grant.none')}</li>}
      </ul>
      {free && (
        <Button
          mt={6}
          variant="subtle"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() =>
            onChange([
              ...grants,
              { projectId: free.value === everywhere ? null : free.value, role: 'submitter' },
            ])
          }
        >
          {say('grant.add')}
        </Button>
      )}
    </fieldset>
  );
}
