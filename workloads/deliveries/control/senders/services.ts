import { signatureHeaders } from '@backlot/control/workload';
import { Heard } from '../../contract/redact.ts';
import {
  AppriseSecrets,
  AppriseSettings,
  BarkSecrets,
  BarkSettings,
  DiscordSecrets,
  DiscordSettings,
  type MessageTargetKind,
  type NoticeLevel,
  NtfySecrets,
  NtfySettings,
  ServerchanSecrets,
  ServerchanSettings,
  TelegramSecrets,
  TelegramSettings,
  WebhookSettings,
} from '../../contract.ts';
import { cut, fieldOf, type HttpService, judgeCode, judgeStatus, plainMarkdown } from './sender.ts';

/** A server's address with a path behind it. */
function at(server: string, path: string): string {
  return `${server.replace(/\/+$/, '')}${path}`;
}

/** Standard Webhooks 1.0: the id is the same for every attempt. */
const webhook: HttpService = {
  call({ id, notice, payload, createdAt, settings, secrets }, nowS) {
    const { type, data } = payload ?? { type: 'deliveries.notice', data: notice };
    const body = JSON.stringify({ type, timestamp: createdAt.toISOString(), data });
    const { secret, query, authorization } = secrets;
    const url = new URL(WebhookSettings.parse(settings).url);
    if (query !== undefined) url.search = [url.search.slice(1), query].filter(Boolean).join('&');
    const headers = {
      // Without a secret there is nothing that a receiver could check.
      ...(secret === undefined ? {} : signatureHeaders(secret, `msg_${id}`, nowS, body)),
      ...(authorization === undefined ? {} : { authorization }),
    };
    return { url: url.href, headers, body };
  },
  judge: judgeStatus,
};

/** https://core.telegram.org/bots/api#sendmessage — without `parse_mode`, so that nothing is markup. */
const telegram: HttpService = {
  call({ notice, settings, secrets }) {
    const { chatId, threadId, silent, server } = TelegramSettings.parse(settings);
    const { token } = TelegramSecrets.parse(secrets);
    const text = [notice.title, notice.text, notice.url].filter(Boolean).join('\n\n');
    return {
      url: at(server, `/bot${token}/sendMessage`),
      body: JSON.stringify({
        chat_id: chatId,
        text: cut(text, 4_096),
        disable_notification: silent,
        link_preview_options: { is_disabled: true },
        ...(threadId === undefined ? {} : { message_thread_id: threadId }),
      }),
    };
  },
  judge(answer) {
    if (answer.status === 200 && fieldOf(answer.text, 'ok') === true) return { ok: true };
    const description = fieldOf(answer.text, 'description');
    const parameters = fieldOf(answer.text, 'parameters') as { retry_after?: unknown } | undefined;
    const asked = Number(parameters?.retry_after);
    return {
      ok: false,
      fault: new Heard(typeof description === 'string' ? description : String(answer.status), answer.broken),
      retryAfterS: Number.isFinite(asked) ? asked : answer.retryAfterS,
    };
  },
};

const colours: Readonly<Record<NoticeLevel, number>> = {
  info: 0x3b82f6,
  success: 0x22a06b,
  warning: 0xe2a03f,
  failure: 0xd1383d,
};

/** https://discord.com/developers/docs/resources/webhook#execute-webhook — nobody can be mentioned. */
const discord: HttpService = {
  call({ notice, createdAt, settings, secrets }) {
    const { username } = DiscordSettings.parse(settings);
    const url = new URL(DiscordSecrets.parse(secrets).url);
    url.searchParams.set('wait', 'true');
    const embed = {
      title: cut(plainMarkdown(notice.title), 256),
      description: cut(plainMarkdown(notice.text), 4_096),
      color: colours[notice.level],
      timestamp: createdAt.toISOString(),
      ...(notice.url === undefined ? {} : { url: notice.url }),
    };
    return {
      url: url.href,
      body: JSON.stringify({
        embeds: [embed],
        allowed_mentions: { parse: [] },
        ...(username === undefined ? {} : { username }),
      }),
    };
  },
  judge(answer) {
    const sent = judgeStatus(answer);
    const asked = Number(fieldOf(answer.text, 'retry_after'));
    // A webhook that was deleted there answers 404 with code 10015, and will for ever.
    const final = answer.status === 404 && fieldOf(answer.text, 'code') === 10_015;
    return sent.ok
      ? sent
      : { ...sent, ...(asked > 0 ? { retryAfterS: asked } : {}), ...(final ? { final } : {}) };
  },
};

/** https://github.com/Finb/bark-server/blob/master/docs/API_V2.md */
const bark: HttpService = {
  call({ notice, settings, secrets }) {
    const { server, sound } = BarkSettings.parse(settings);
    return {
      url: at(server, '/push'),
      contentType: 'application/json; charset=utf-8',
      body: JSON.stringify({
        device_key: BarkSecrets.parse(secrets).deviceKey,
        // Apple takes four kilobytes in all.
        title: cut(notice.title, 400, 'bytes'),
        body: cut(notice.text, 2_400, 'bytes'),
        group: 'Backlot',
        level: notice.level === 'failure' ? 'timeSensitive' : 'active',
        ...(notice.url === undefined ? {} : { url: notice.url }),
        ...(sound === undefined ? {} : { sound }),
      }),
    };
  },
  judge: (answer) => judgeCode(answer, (code) => code === 200 || code === undefined),
};

/** https://sct.ftqq.com and https://doc.sc3.ft07.com: keys of the third edition begin with `sctp` and a number. */
const serverchan: HttpService = {
  call({ notice, settings, secrets }) {
    const { sendKey } = ServerchanSecrets.parse(secrets);
    const { server } = ServerchanSettings.parse(settings);
    const third = /^sctp(\d+)t/.exec(sendKey)?.[1];
    const url =
      third === undefined
        ? at(server ?? 'https://sctapi.ftqq.com', `/${sendKey}.send`)
        : at(server ?? `https://${third}.push.ft07.com`, `/send/${sendKey}.send`);
    const text = [plainMarkdown(notice.text), notice.url].filter(Boolean).join('\n\n');
    return {
      url,
      contentType: 'application/json;charset=utf-8',
      body: JSON.stringify({
        title: cut(notice.title.replace(/\s+/g, ' '), 32),
        desp: cut(text, 32_000, 'bytes'),
      }),
    };
  },
  judge: (answer) => judgeCode(answer, (code) => code === 0),
};

const ntfyPriority: Readonly<Record<NoticeLevel, number>> = { info: 3, success: 3, warning: 4, failure: 5 };
const ntfyTag: Readonly<Record<NoticeLevel, string>> = {
  info: 'information_source',
  success: 'white_check_mark',
  warning: 'warning',
  failure: 'rotating_light',
};

/** https://docs.ntfy.sh/publish/#publish-as-json */
const ntfy: HttpService = {
  call({ notice, settings, secrets }) {
    const { server, topic, user } = NtfySettings.parse(settings);
    const { token, password } = NtfySecrets.parse(secrets);
    const basic = Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64');
    const authorization = token ? `Bearer ${token}` : user === undefined ? undefined : `Basic ${basic}`;
    return {
      url: at(server, '/'),
      ...(authorization === undefined ? {} : { headers: { authorization } }),
      body: JSON.stringify({
        topic,
        title: cut(notice.title, 250),
        // A longer one becomes a file that has to be opened (docs.ntfy.sh, "Limitations": 4,096 bytes).
        message: cut(notice.text, 3_900, 'bytes'),
        priority: ntfyPriority[notice.level],
        tags: [ntfyTag[notice.level]],
        ...(notice.url === undefined ? {} : { click: notice.url }),
      }),
    };
  },
  judge: judgeStatus,
};

/** https://github.com/caronc/apprise-api: a configuration that the server keeps, or addresses that are sent along. */
const apprise: HttpService = {
  call({ notice, settings, secrets }) {
    const { server, key, tag } = AppriseSettings.parse(settings);
    const { urls } = AppriseSecrets.parse(secrets);
    return {
      url: at(server, key === undefined ? '/notify' : `/notify/${key}`),
      body: JSON.stringify({
        title: cut(notice.title, 250),
        body: [notice.text, notice.url].filter(Boolean).join('\n') || notice.title,
        type: notice.level,
        format: 'text',
        ...(tag === undefined ? {} : { tag }),
        ...(key === undefined && urls !== undefined ? { urls } : {}),
      }),
    };
  },
  // 204: the key has no configuration, and nothing was told to anybody.
  judge: (answer) =>
    answer.status === 204
      ? { ok: false, fault: new Heard('204: no configuration under this key') }
      : judgeStatus(answer),
};

/** Every kind but e-mail. */
export const services: Readonly<Record<Exclude<MessageTargetKind, 'email'>, HttpService>> = {
  webhook,
  telegram,
  discord,
  bark,
  serverchan,
  ntfy,
  apprise,
};
