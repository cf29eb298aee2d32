import type { Me } from '@backlot/contract/api/access';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { cliErrors } from '@backlot/contract/errors/cli';
import type { Phrase } from '@backlot/contract/phrase';
import { ApiClient } from '@backlot/sdk';
import { isCancel, password } from '@clack/prompts';
import { z } from 'zod';
import { type CommandContext, defineCommand } from '../command.ts';
import { thisMachine } from '../config/data-dir.ts';
import { findCredentials } from '../context.ts';
import { SignIns } from '../credentials/sign-ins.ts';
import { exitCodes } from '../exit-codes.ts';
import { Interrupt } from '../interrupt.ts';

/** `backlot login`: keeps an API token for an address, once it has proved to work there. */
export const loginCommand = defineCommand({
  name: 'login',
  summary: { en: 'Keep an API token for this and later commands', 'zh-CN': '保存 API 令牌供后续命令使用' },
  description: {
    en: 'Keep an API token for an address, after trying it there. Tokens are made on the page Access › Tokens. Without --token it is asked for, or read from standard input.',
    'zh-CN':
      '验证并保存某个地址的 API 令牌。令牌在“访问 › 令牌”页面创建。不带 --token 时会询问，或从标准输入读取。',
  },
  options: [{ flags: '--token <token>', description: { en: 'the API token', 'zh-CN': 'API 令牌' } }],
  examples: [
    {
      command: 'backlot login --url https://backlot.example.com',
      description: { en: 'Asks for the token', 'zh-CN': '询问令牌' },
    },
    {
      command: 'backlot login < token.txt',
      description: {
        en: 'For scripts: the token is in no history',
        'zh-CN': '用于脚本：令牌不会留在命令历史中',
      },
    },
  ],
  input: z.object({ token: z.string().trim().min(1).optional() }),
  async run(context, { token: typed }) {
    const { out, say, language, env, signal } = context;
    const { url } = await findCredentials({ url: context.address, env });
    const token = typed ?? (await askForToken(context, url));
    const api = new ApiClient({ baseUrl: url, token, language });
    const me = await api.access.me(signal);
    await new SignIns(thisMachine(env)).save({ url, token, name: me.name });
    out.result({ url, name: me.name }, () => say(phrases.signedIn, { url, name: me.name }));
    return undefined;
  },
});

/** `backlot logout`: forgets it. The token itself stays valid; `backlot tokens revoke` ends it. */
export const logoutCommand = defineCommand({
  name: 'logout',
  summary: { en: 'Forget the token kept for an address', 'zh-CN': '删除已保存的令牌' },
  input: z.object({}),
  async run(context) {
    const { out, say, env } = context;
    const { url } = await findCredentials({ url: context.address, env });
    const removed = await new SignIns(thisMachine(env)).remove(url);
    out.result({ url, removed }, () => say(removed ? phrases.forgotten : phrases.unknown, { url }));
    return removed ? exitCodes.ok : exitCodes.notFound;
  },
});

/** `backlot whoami`: the account behind the token, and what it may do. */
export const whoamiCommand = defineCommand({
  name: 'whoami',
  summary: { en: 'Show who you are and what you may do', 'zh-CN': '显示当前身份和权限' },
  input: z.object({}),
  async run({ out, api, say, signal }) {
    const client = await api();
    const me = await client.access.me(signal);
    out.result({ url: client.transport.baseUrl, ...me }, () => describe(me, client.transport.baseUrl, say));
    return undefined;
  },
});

function describe(me: Me, url: string, say: CommandContext['say']): readonly string[] {
  return [
    `${me.name}${me.email === null ? '' : ` <${me.email}>`}  ${url}`,
    ...me.grants.map((grant) =>
      say(phrases.grant, { role: grant.role, project: grant.projectName ?? say(phrases.everywhere) }),
    ),
    ...(me.scopes.includes('*') ? [] : [say(phrases.scopes, { scopes: me.scopes.join(', ') })]),
  ];
}

async function askForToken({ out, say, signal }: CommandContext, url: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const token = (await readAll(process.stdin)).trim();
    if (token !== '') return token;
  }
  if (!out.interactive) throw new BacklotError(cliErrors.not_signed_in, { params: { url } });
  const answer = await password({ message: say(phrases.ask, { url }), signal, output: process.stderr });
  if (isCancel(answer)) throw new Interrupt('SIGINT');
  return answer.trim();
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const piece of stream) text += piece;
  return text;
}

const phrases = {
  ask: { en: 'API token for {url}', 'zh-CN': '{url} 的 API 令牌' },
  signedIn: { en: 'Signed in to {url} as {name}.', 'zh-CN': '已以 {name} 登录 {url}。' },
  forgotten: { en: 'The token for {url} is forgotten.', 'zh-CN': '已删除 {url} 的令牌。' },
  unknown: { en: 'There was no token for {url}.', 'zh-CN': '没有保存 {url} 的令牌。' },
  grant: { en: '{role} in {project}', 'zh-CN': '{project}：{role}' },
  everywhere: { en: 'all projects', 'zh-CN': '所有项目' },
  scopes: { en: 'This token may only: {scopes}', 'zh-CN': '此令牌仅可：{scopes}' },
} as const satisfies Record<string, Phrase>;
