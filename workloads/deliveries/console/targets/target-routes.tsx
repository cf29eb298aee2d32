import { ProblemNotice, transport, useLanguage, useList, useTexts } from '@backlot/console/workload';
import { Button, Group, Select, TagsInput, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Subscription } from '../../contract/api.ts';
import { routePath, routesPath, routesQuery } from '../queries.ts';
import { deliveryTexts } from '../texts.ts';

/** What people most often want to hear of; any kind that the page Events shows can be typed. */
const often = [
  'flow.run.failed',
  'disk.low',
  'node.lost',
  'recordings.broadcast.closed',
  'recordings.stall',
  'recordings.gap',
  'recordings.*',
  'job.failed',
];

/** Each in its own words, as everywhere. */
const languageNames = { en: 'English', 'zh-CN': '中文' } as const;

/** Which kinds of events are told to a target for messages, besides what flows tell it. Kept at once, without a save. */
export function TargetRoutes({ targetId }: { readonly targetId: string }) {
  const say = useTexts(deliveryTexts);
  const client = useQueryClient();
  const { language } = useLanguage();
  const [kinds, setKinds] = useState<string[]>([]);
  const [words, setWords] = useState<string>(language);
  const { items, error, hasMore, more } = useList(routesQuery({ targetId }));
  const refresh = () => client.invalidateQueries();
  const add = useMutation({
    mutationFn: () =>
      transport().call('POST', routesPath, Subscription, { json: { targetId, kinds, language: words } }),
    onSuccess: async () => {
      setKinds([]);
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: (id: string) => transport().run('DELETE', routePath(id)),
    onSettled: refresh,
  });
  return (
    <section aria-label={say('routes')} style={{ marginTop: 24 }}>
      <Text fw={600}>{say('routes')}</Text>
      <Text size="sm" c="dimmed" mb="xs">
        {say('routes.hint')}
      </Text>
      {[error, add.error, remove.error].map(
        (problem, place) => problem && <ProblemNotice key={String(place)} error={problem} />,
      )}
      {items?.length === 0 && (
        <Text size="sm" mb="xs">
          {say('routes.none')}
        </Text>
      )}
      {items?.map((route) => (
        <Group key={route.id} justify="space-between" wrap="nowrap" mb={4}>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {route.kinds.join(', ')} · {languageNames[route.language]}
          </Text>
          <Button
            variant="subtle"
            size="compact-sm"
            disabled={remove.isPending}
            aria-label={`${say('routes.remove')}: ${route.kinds.join(', ')}`}
            onClick={() => remove.mutate(route.id)}
          >
            {say('routes.remove')}
          </Button>
        </Group>
      ))}
      {hasMore && (
        <Button variant="subtle" onClick={more}>
          {say('routes.more')}
        </Button>
      )}
      <Group align="flex-end" gap="xs" mt="xs">
        <TagsInput
          style={{ flex: '1 1 220px' }}
          label={say('routes.kinds')}
          data={often}
          maxTags={50}
          splitChars={[',', ' ']}
          value={kinds}
          onChange={setKinds}
        />
        <Select
          w={120}
          label={say('routes.language')}
          allowDeselect={false}
          data={Object.entries(languageNames).map(([value, label]) => ({ value, label }))}
          value={words}
          onChange={(value) => value && setWords(value)}
        />
        <Button
          variant="default"
          disabled={kinds.length === 0}
          loading={add.isPending}
          onClick={() => add.mutate()}
        >
          {say('routes.add')}
        </Button>
      </Group>
    </section>
  );
}
