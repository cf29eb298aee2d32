import {
  CopyLine,
  ProblemNotice,
  SidePanel,
  transport,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, Select, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { TokenAnswer } from '../../contract/api.ts';
import { type Role, roles } from '../../contract/grants.ts';
import type { Room } from '../../contract/room.ts';
import { roomPath } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import classes from './room-page.module.css';

const lifetimes = { hour: 3_600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const;
type Lifetime = keyof typeof lifetimes;

/** A link for one person, or for oneself. */
export function InvitePanel({ room, onClose }: { readonly room: Room; readonly onClose: () => void }) {
  const say = useTexts(roomTexts);
  const { me } = useSession();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [lifetime, setLifetime] = useState<Lifetime>('day');
  const make = useMutation({
    mutationFn: (who: { name: string; role: Role }) =>
      transport()
        .call('POST', `${roomPath(room.id)}/tokens`, TokenAnswer, {
          json: { identity: identityOf(who.name), ...who, ttlS: lifetimes[lifetime] },
        })
        .then((answer) => ({ ...answer, name: who.name })),
  });
  const join = useMutation({
    mutationFn: async () => {
      const own = me.name || 'host';
      const { joinUrl } = await transport().call('POST', `${roomPath(room.id)}/tokens`, TokenAnswer, {
        json: { identity: identityOf(own), name: own, role: 'host', ttlS: lifetimes.day },
      });
      location.assign(joinUrl);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ name: name.trim(), role });
  };
  return (
    <SidePanel title={say('invite.title', { room: room.name })} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label={say('invite.name')}
          value={name}
          maxLength={100}
          required
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label={say('invite.role')}
          allowDeselect={false}
          data={roles.map((value) => ({ value, label: say(`role.${value}`) }))}
          value={role}
          onChange={(value) => value !== null && setRole(value as Role)}
        />
        <Select
          label={say('invite.valid')}
          allowDeselect={false}
          data={(Object.keys(lifetimes) as Lifetime[]).map((value) => ({
            value,
            label: say(`invite.${value}`),
          }))}
          value={lifetime}
          onChange={(value) => value !== null && setLifetime(value as Lifetime)}
        />
        <div className={classes.actions}>
          <Button type="submit" loading={make.isPending} disabled={name.trim() === ''}>
            {say('invite.do')}
          </Button>
          <Button variant="default" loading={join.isPending} onClick={() => join.mutate()}>
            {say('room.open')}
          </Button>
        </div>
        <ProblemNotice error={make.error ?? join.error} />
        {make.data && (
          <>
            <CopyLine value={make.data.joinUrl} label={say('invite.link')} />
            <p className="dim">{say('invite.text', { name: make.data.name })}</p>
          </>
        )}
      </form>
    </SidePanel>
  );
}

/** Two people of one name are still two: some characters of chance are part of who somebody is. */
function identityOf(name: string): string {
  return `${name.slice(0, 100)}~${crypto.randomUUID().slice(0, 8)}`;
}
