import type { Phrase } from '@backlot/contract/phrase';
import { collect } from '@backlot/sdk';
import { z } from 'zod';
import { type CliGroup, defineCommand } from '../command.ts';
import { formatAge } from '../output/amounts.ts';
import { confirm } from './confirm.ts';
import { findProject, pick, shortId } from './find.ts';
import { idOf, projectOption, yesOption } from './options.ts';

/** `backlot tokens …`: API tokens of the account that is signed in. */
export const tokensCommands: CliGroup = {
  name: 'tokens',
  summary: { en: 'Make, list and revoke API tokens', 'zh-CN': '创建、列出和吊销 API 令牌' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List your API tokens', 'zh-CN': '列出您的 API 令牌' },
      input: z.object({}),
      async run({ out, api, say, signal }) {
        const tokens = await collect((await api()).access.tokens(signal));
        out.result(tokens, () =>
          tokens.length === 0
            ? say(phrases.none)
            : out.table(
                [
                  say(phrases.id),
                  say(phrases.name),
                  say(phrases.scopes),
                  say(phrases.used),
                  say(phrases.expires),
                ],
                tokens.map((token) => [
                  shortId(token.id),
                  token.name,
                  token.scopes.join(' '),
                  formatAge(token.lastUsedAt, Date.now()),
                  token.revokedAt === null ? (token.expiresAt ?? say(phrases.never)) : say(phrases.revoked),
                ]),
              ),
        );
        return undefined;
      },
    }),
    defineCommand({
      name: 'create',
      summary: { en: 'Make an API token', 'zh-CN': '创建 API 令牌' },
      arguments: [{ name: 'name', description: { en: 'what it is for', 'zh-CN': '用途' } }],
      options: [
        {
          flags: '--scope <permission...>',
          description: {
            en: 'only these permissions, as jobs.submit',
            'zh-CN': '仅限这些权限，如 jobs.submit',
          },
          defaultText: '*',
        },
        {
          flags: '--days <days>',
          description: { en: 'how long it is valid; 0 for ever', 'zh-CN': '有效天数；0 表示永久' },
          defaultText: '90',
        },
        projectOption,
      ],
      examples: [
        {
          command: 'backlot tokens create nightly --scope jobs.submit jobs.read --days 365',
          description: { en: 'For a script that submits renders', 'zh-CN': '用于提交渲染的脚本' },
        },
      ],
      input: z.object({
        name: z.string().min(1),
        scope: z.array(z.string()).default(['*']),
        days: z.coerce.number<unknown>().int().min(0).max(3650).default(90),
        project: z.string().optional(),
      }),
      async run({ out, api, say, signal }, { name, scope, days, project }) {
        const client = await api();
        const projectId = project === undefined ? null : (await findProject(client, project, signal)).id;
        const made = await client.access.createToken(
          { name, scopes: scope, expiresInDays: days === 0 ? null : days, projectId },
          signal,
        );
        out.note(say(phrases.once));
        out.result(made, ({ secret }) => secret);
        return undefined;
      },
    }),
    defineCommand({
      name: 'revoke',
      summary: { en: 'Make an API token void', 'zh-CN': '吊销 API 令牌' },
      arguments: [{ name: 'token', description: idOf('token', '令牌') }],
      options: [yesOption],
      input: z.object({ token: z.string(), yes: z.boolean().default(false) }),
      async run(context, { token: typed, yes }) {
        const { out, api, say, signal } = context;
        const client = await api();
        const { id, name } = pick('token', typed, await collect(client.access.tokens(signal)));
        if (!(await confirm(context, yes, say(phrases.revokeAsk, { name })))) return undefined;
        await client.access.revokeToken(id, signal);
        out.result({ id, revoked: true }, () => say(phrases.gone, { name }));
        return undefined;
      },
    }),
  ],
};

const phrases = {
  none: {
    en: 'No tokens. `backlot tokens create NAME` makes one.',
    'zh-CN': '没有令牌。可用 `backlot tokens create 名称` 创建。',
  },
  id: { en: 'ID', 'zh-CN': '编号' },
  name: { en: 'NAME', 'zh-CN': '名称' },
  scopes: { en: 'SCOPES', 'zh-CN': '权限' },
  used: { en: 'LAST USED', 'zh-CN': '最近使用' },
  expires: { en: 'EXPIRES', 'zh-CN': '到期' },
  never: { en: 'never', 'zh-CN': '永不' },
  revoked: { en: 'revoked', 'zh-CN': '已吊销' },
  once: { en: 'The token is shown only now:', 'zh-CN': '令牌仅显示这一次：' },
  revokeAsk: { en: 'Revoke {name}?', 'zh-CN': '吊销 {name}？' },
  gone: { en: '{name} is void.', 'zh-CN': '{name} 已吊销。' },
} as const satisfies Record<string, Phrase>;
