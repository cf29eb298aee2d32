import { ActionIcon, Menu } from '@mantine/core';
import { IconLogout, IconUser, IconUserCircle } from '@tabler/icons-react';
import { useTexts } from '../i18n/texts.ts';
import { useGoTo } from '../parts/link.tsx';
import { useSession } from '../session/session.tsx';
import { useSignOut } from '../session/use-sign-out.ts';
import { shellTexts } from './texts.ts';
import classes from './top-bar.module.css';

export function AccountMenu() {
  const say = useTexts(shellTexts);
  const { me } = useSession();
  const goTo = useGoTo();
  const signOut = useSignOut();
  return (
    <Menu width={220}>
      <Menu.Target>
        <ActionIcon aria-label={`${say('account.label')}: ${me.name}`} title={me.name}>
          <IconUserCircle size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <strong>{me.name}</strong>
          <span className="dim">{me.email ?? say('account.token')}</span>
        </div>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconUser size={14} aria-hidden="true" />}
          onClick={() => goTo('/settings/account')}
        >
          {say('account.settings')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={14} aria-hidden="true" />} onClick={() => signOut.mutate()}>
          {say('account.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
