import { ActionIcon, type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core';
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react';
import { useTexts } from '../i18n/texts.ts';
import { shellTexts } from './texts.ts';

const schemes = [
  { value: 'light', icon: IconSun },
  { value: 'dark', icon: IconMoon },
  { value: 'auto', icon: IconDeviceDesktop },
] as const satisfies readonly { value: MantineColorScheme; icon: unknown }[];

export function SchemeMenu() {
  const say = useTexts(shellTexts);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = schemes.find((one) => one.value === colorScheme)?.icon ?? IconDeviceDesktop;
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon aria-label={say('scheme.label')} title={say('scheme.label')}>
          <Current size={17} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map(({ value, icon: Icon }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={value === colorScheme}
            fw={value === colorScheme ? 600 : 400}
            leftSection={<Icon size={14} aria-hidden="true" />}
            onClick={() => setColorScheme(value)}
          >
            {say(`scheme.${value}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
