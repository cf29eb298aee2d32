import { ActionIcon, Menu } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconBraces, IconDots, IconLink, IconTerminal2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useGlossary } from '../i18n/glossary.ts';
import { defineTexts, useTexts } from '../i18n/texts.ts';
import { toCurl } from './curl.ts';

export const asTexts = defineTexts('parts-as', {
  json: { en: 'As JSON', 'zh-CN': '以 JSON 查看' },
  curl: { en: 'Copy as curl', 'zh-CN': '复制为 curl' },
  link: { en: 'Copy link', 'zh-CN': '复制链接' },
  menu: { en: 'More actions', 'zh-CN': '更多操作' },
});

interface AsMenuProps {
  /** Where the API has the same thing: `/api/v1/nodes/…`. */
  readonly apiPath: string;
  /** The page's own address, when it is not the present one. */
  readonly pagePath?: string;
  /** More entries of the thing's menu, above the common ones. */
  readonly children?: ReactNode;
}

/** The menu that every thing has: its address, and the same as JSON or as a command. */
export function AsMenu({ apiPath, pagePath, children }: AsMenuProps) {
  const say = useTexts(asTexts);
  const word = useGlossary();
  const clipboard = useClipboard({ timeout: 1_500 });
  return (
    <Menu closeOnItemClick>
      <Menu.Target>
        <ActionIcon aria-label={say('menu')} title={clipboard.copied ? word('do.copied') : say('menu')}>
          <IconDots size={16} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {children}
        {children && <Menu.Divider />}
        <Menu.Item
          leftSection={<IconLink size={14} aria-hidden="true" />}
          onClick={() => clipboard.copy(new URL(pagePath ?? location.href, location.href).href)}
        >
          {say('link')}
        </Menu.Item>
        <Menu.Item
          component="a"
          href={apiPath}
          target="_blank"
          rel="noreferrer"
          leftSection={<IconBraces size={14} aria-hidden="true" />}
        >
          {say('json')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconTerminal2 size={14} aria-hidden="true" />}
          onClick={() => clipboard.copy(toCurl({ origin: location.origin, path: apiPath }))}
        >
          {say('curl')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
