import { languages } from '@backlot/contract/phrase';
import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionGroupData, spotlight } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import { collect } from '@backlot/sdk/paging';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/transport.ts';
import { useTexts } from '../i18n/texts.ts';
import { useLanguage } from '../i18n/use-language.ts';
import { useGoTo } from '../parts/link.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { useSession } from '../session/session.tsx';
import { useSignOut } from '../session/use-sign-out.ts';
import type { RailEntry } from './navigation.ts';
import { shellTexts } from './texts.ts';

export const openPalette = () => spotlight.open();

export interface PaletteCommand {
  readonly id: string;
  readonly label: string;
  readonly path: string;
}

interface PaletteProps {
  readonly entries: readonly RailEntry[];
  /** What the workloads can do. */
  readonly commands: readonly PaletteCommand[];
}

/** Ctrl-K: go anywhere, do anything. Things of the fleet are searched on the server while one types. */
export function Palette({ entries, commands }: PaletteProps) {
  const say = useTexts(shellTexts);
  const { language, setLanguage } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const { can, project } = useSession();
  const signOut = useSignOut();
  const goTo = useGoTo();
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 150);
  const found = useQuery({
    queryKey: ['palette', wanted, project?.id],
    queryFn: async ({ signal }) => {
      const inProject = project ? { projectId: project.id } : {};
      const [nodes, jobs] = await Promise.all([
        can('nodes.read') ? collect(api().nodes.list({ text: wanted, limit: 6 }, signal), 6) : [],
        can('jobs.read') ? collect(api().jobs.list({ text: wanted, limit: 8, ...inProject }, signal), 8) : [],
      ]);
      return { nodes, jobs };
    },
    enabled: wanted.length >= 2,
    placeholderData: keepPreviousData,
    refetchInterval: false,
  });

  const other = languages.find((one) => one !== language) ?? 'en';
  const groups: SpotlightActionGroupData[] = [
    {
      group: say('palette.actions'),
      actions: [
        ...commands.map(({ id, label, path }) => ({ id: `command ${id}`, label, onClick: () => goTo(path) })),
        ...(can('nodes.join')
          ? [{ id: 'add-node', label: say('palette.addNode'), onClick: () => goTo('/nodes?add=1') }]
          : []),
        { id: 'dark', label: say('palette.dark'), onClick: () => setColorScheme('dark') },
        { id: 'light', label: say('palette.light'), onClick: () => setColorScheme('light') },
        { id: 'language', label: say('palette.language'), onClick: () => setLanguage(other) },
        {
          id: 'api',
          label: say('palette.apiReference'),
          onClick: () => void open('/api/docs', '_blank', 'noopener'),
        },
        { id: 'sign-out', label: say('palette.signOut'), onClick: () => signOut.mutate() },
      ],
    },
    {
      group: say('palette.pages'),
      actions: entries.map((entry) => ({
        id: `page ${entry.key}`,
        label: entry.label,
        leftSection: <entry.icon size={16} aria-hidden="true" />,
        onClick: () => goTo(entry.path),
      })),
    },
  ];
  if (wanted.length >= 2 && found.data) {
    groups.push(
      {
        group: say('palette.nodes'),
        actions: found.data.nodes.map((node) => ({
          id: `node ${node.id}`,
          label: node.name,
          // What the server found matches, whatever the words on the line are.
          keywords: [text],
          rightSection: <StateBadge state={node.state} />,
          onClick: () => goTo(`/nodes/${node.id}`),
        })),
      },
      {
        group: say('palette.jobs'),
        actions: found.data.jobs.map((job) => ({
          id: `job ${job.id}`,
          label: job.name,
          keywords: [text],
          rightSection: <StateBadge state={job.state} />,
          onClick: () => goTo(`/jobs/${job.id}`),
        })),
      },
    );
  }

  return (
    <Spotlight
      actions={groups}
      query={text}
      onQueryChange={setText}
      shortcut={['mod + K']}
      highlightQuery={false}
      limit={24}
      nothingFound={say('palette.empty')}
      scrollable
      maxHeight={440}
      transitionProps={{ duration: 90 }}
      overlayProps={{ blur: 0, backgroundOpacity: 0.35 }}
      searchProps={{
        leftSection: <IconSearch size={17} aria-hidden="true" />,
        placeholder: say('palette.placeholder'),
        'aria-label': say('palette.placeholder'),
      }}
    />
  );
}
