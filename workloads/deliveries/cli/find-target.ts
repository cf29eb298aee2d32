import { type CommandContext, findProject, UsageError } from '@backlot/cli/command';
import { Page } from '@backlot/contract';
import { DeliveryTarget } from '../contract.ts';

export const projectOption = {
  flags: '-p, --project <name>',
  description: { en: 'Project, when there are several', 'zh-CN': '项目（有多个项目时）' },
};
export const nameArgument = {
  name: 'name',
  description: { en: 'Name or id of the target', 'zh-CN': '目标名称或 ID' },
};

/** All targets, of one project or of all. */
export async function listTargets(
  context: CommandContext,
  project: string | undefined,
): Promise<DeliveryTarget[]> {
  const client = await context.api();
  const { signal } = context;
  const projectId = project === undefined ? undefined : (await findProject(client, project, signal)).id;
  const found: DeliveryTarget[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = new URLSearchParams({
      limit: '100',
      ...(cursor ? { cursor } : {}),
      ...(projectId ? { projectId } : {}),
    });
    const page = await client.transport.call(
      'GET',
      `/api/v1/delivery-targets?${query}`,
      Page(DeliveryTarget),
      { signal },
    );
    found.push(...page.items);
    if (page.next === undefined) return found;
    cursor = page.next;
  }
}

/** @throws UsageError when there is none, or several of that name */
export async function findTarget(
  context: CommandContext,
  name: string,
  project: string | undefined,
): Promise<DeliveryTarget> {
  const found = (await listTargets(context, project)).filter((one) => one.name === name || one.id === name);
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new UsageError(
    context.say(
      only
        ? {
            en: 'Several projects have a target {name}; add --project.',
            'zh-CN': '多个项目有名为 {name} 的目标，请加 --project。',
          }
        : { en: 'There is no target {name}.', 'zh-CN': '没有名为 {name} 的目标。' },
      { name },
    ),
  );
}
