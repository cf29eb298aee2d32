import { Member, MemberAdd, type MemberPut } from '@backlot/contract/api/access';
import { type Role, roles } from '@backlot/contract/roles';
import { Button, Select, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import type { z } from 'zod';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useList } from '../../api/use-list.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { useSession } from '../../session/session.tsx';
import classes from './access.module.css';
import { membersQuery } from './queries.ts';
import { accessTexts } from './texts.ts';

/** Who has a role in one project; whoever manages them adds people by their address, and changes and takes roles. */
export function Members({ projectId }: { readonly projectId: string }) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const { can } = useSession();
  const title = useId();
  const manage = can('members.manage', projectId);
  const list = useList(membersQuery(projectId));
  return (
    <section aria-labelledby={title}>
      <h3 id={title}>{say('members')}</h3>
      <ListView list={list} rows={3}>
        {(members) =>
          members.length === 0 ? (
            <p className="dim">{say('members.none')}</p>
          ) : (
            <ul className={classes.grants}>
              {members.map((member) => (
                <li key={member.accountId} className={classes.member}>
                  <span>
                    {member.name} <span className="dim">{member.email}</span>
                  </span>
                  {manage ? (
                    <MemberActions projectId={projectId} member={member} />
                  ) : (
                    word(`role.${member.role}`)
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </ListView>
      {manage && <AddMember projectId={projectId} />}
    </section>
  );
}

const membersPath = (projectId: string) => `/api/v1/projects/${encodeURIComponent(projectId)}/members`;

/** Grants stand with the accounts as well, and one may have changed one's own. */
function useReadAgain(): () => Promise<void> {
  const client = useQueryClient();
  return () => invalidateSubjects(client, new Set(['project', 'account']));
}

function MemberActions({ projectId, member }: { readonly projectId: string; readonly member: Member }) {
  const say = useTexts(accessTexts);
  const readAgain = useReadAgain();
  const path = `${membersPath(projectId)}/${encodeURIComponent(member.accountId)}`;
  const change = useMutation({
    mutationFn: (json: z.input<typeof MemberPut>) => transport().call('PUT', path, Member, { json }),
    onSuccess: readAgain,
  });
  const remove = useMutation({
    mutationFn: () => transport().run('DELETE', path),
    onSuccess: readAgain,
  });
  return (
    <>
      <RoleSelect
        label={say('members.role', { name: member.name })}
        // What was chosen is shown at once; after a refusal it is again what it was.
        value={change.isPending ? change.variables.role : member.role}
        disabled={change.isPending}
        onChange={(role) => change.mutate({ role })}
      />
      <ConfirmInline
        danger
        variant="subtle"
        label={say('members.remove')}
        question={say('members.remove.question', { name: member.name })}
        confirm={say('members.remove')}
        onConfirm={() => remove.mutateAsync()}
      />
      {change.error && <ProblemNotice error={change.error} inline />}
    </>
  );
}

function AddMember({ projectId }: { readonly projectId: string }) {
  const say = useTexts(accessTexts);
  const readAgain = useReadAgain();
  const field = useRef<HTMLInputElement>(null);
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('submitter');
  const add = useMutation({
    mutationFn: () =>
      transport().call('POST', membersPath(projectId), Member, { json: MemberAdd.parse({ email, role }) }),
    onSuccess: async () => {
      setEmail('');
      // Ready for the next one.
      field.current?.focus();
      await readAgain();
    },
  });
  return (
    <form
      className={`${classes.form} ${classes.apart}`}
      aria-label={say('members.add')}
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <TextInput
        ref={field}
        type="email"
        label={say('members.email')}
        description={say('members.email.hint')}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        required
      />
      <div className={classes.inline}>
        <RoleSelect label={say('role')} value={role} onChange={setRole} />
        <Button
          type="submit"
          variant="default"
          loading={add.isPending}
          leftSection={<IconPlus size={14} aria-hidden="true" />}
        >
          {say('members.add')}
        </Button>
      </div>
      {add.error && <ProblemNotice error={add.error} inline />}
    </form>
  );
}

interface RoleSelectProps {
  readonly label: string;
  readonly value: Role;
  readonly disabled?: boolean;
  readonly onChange: (role: Role) => void;
}

function RoleSelect({ label, value, disabled = false, onChange }: RoleSelectProps) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  return (
    <Select
      aria-label={label}
      w={130}
      data={roles.map((role) => ({ value: role, label: word(`role.${role}`) }))}
      renderOption={({ option }) => (
        <span>
          {option.label} <span className="dim">{say(`role.${roleOf(option.value)}.text`)}</span>
        </span>
      )}
      comboboxProps={{ width: 300, position: 'bottom-end' }}
      value={value}
      disabled={disabled}
      onChange={(chosen) => chosen !== null && chosen !== value && onChange(roleOf(chosen))}
      allowDeselect={false}
    />
  );
}

const roleOf = (value: string): Role => roles.find((role) => role === value) ?? 'viewer';
