import { defineErrors, type PhraseTable, Reason } from '@backlot/contract';
import { z } from 'zod';

/** What became of one address of a TURN (or STUN) server. */
export const TurnCheck = z.object({
  /** As it is configured. */
  url: z.string(),
  ok: z.boolean(),
  /** What was found, in words that say what to do. */
  sentence: Reason,
  /** The address at which the server relays for the test; null where it did not come so far. */
  relayedAddress: z.string().nullable(),
  ms: z.number().nonnegative(),
});
export type TurnCheck = z.infer<typeof TurnCheck>;

/** Answer of `POST /api/v1/streams/turn/test`. `ok` when every address works and there is at least one. */
export const TurnTestAnswer = z.object({
  ok: z.boolean(),
  checks: z.array(TurnCheck),
  /** What concerns all of them: nothing is configured. */
  advice: Reason.nullable(),
});
export type TurnTestAnswer = z.infer<typeof TurnTestAnswer>;

/** What the self-test of TURN servers can find. */
export const turnPhrases = {
  'streams.turn.works': {
    en: 'The server relays: it gave the address {address}, and a packet went through it.',
    'zh-CN': '服务器中继正常：分配了地址 {address}，数据包可以通过。',
  },
  'streams.turn.allocates': {
    en: 'The server gives out addresses ({address}). It does not relay to itself, so no packet was sent through it.',
    'zh-CN': '服务器可以分配地址（{address}）。它不向自身中继，因此没有测试数据包。',
  },
  'streams.turn.stun_works': {
    en: 'The server answers and sees us at {address}.',
    'zh-CN': '服务器有应答，看到的本机地址为 {address}。',
  },
  'streams.turn.none': {
    en: 'No TURN server is configured. Viewers behind strict firewalls will see no picture. Set BACKLOT_TURN_URLS and BACKLOT_TURN_SECRET.',
    'zh-CN':
      '未配置 TURN 服务器，处于严格防火墙后的观众将看不到画面。请设置 BACKLOT_TURN_URLS 和 BACKLOT_TURN_SECRET。',
  },
  'streams.turn.address_invalid': {
    en: '“{url}” is no address of a TURN server. Write turn:host:port, turn:host:port?transport=tcp or turns:host:port.',
    'zh-CN':
      '“{url}”不是 TURN 服务器地址。请写成 turn:host:port、turn:host:port?transport=tcp 或 turns:host:port。',
  },
  'streams.turn.name_unknown': {
    en: 'The name {host} can’t be resolved ({reason}). Check its spelling and the DNS of this machine.',
    'zh-CN': '无法解析名称 {host}（{reason}）。请检查拼写以及本机 DNS。',
  },
  'streams.turn.no_answer': {
    en: 'Nothing answers at {host}:{port} over {transport} within {seconds} s. Check that the server runs and that no firewall blocks {transport} to this port.',
    'zh-CN':
      '{host}:{port}（{transport}）在 {seconds} 秒内无应答。请检查服务器是否运行，以及防火墙是否阻止了该端口的 {transport}。',
  },
  'streams.turn.connection_refused': {
    en: '{host} refuses {transport} on port {port} ({reason}). Check that the server runs and listens on this port.',
    'zh-CN': '{host} 拒绝端口 {port} 的 {transport} 连接（{reason}）。请检查服务器是否运行并监听该端口。',
  },
  'streams.turn.tls_failed': {
    en: 'No secure connection to {host}:{port}: {reason}. Check the server’s certificate and that it is made for this name.',
    'zh-CN': '无法与 {host}:{port} 建立安全连接：{reason}。请检查服务器证书及其名称。',
  },
  'streams.turn.not_turn': {
    en: 'What answers at {host}:{port} is no TURN server. Check the port.',
    'zh-CN': '{host}:{port} 上的应答者不是 TURN 服务器。请检查端口。',
  },
  'streams.turn.no_credentials': {
    en: 'The server does not ask for credentials in the usual way. Start coturn with use-auth-secret and static-auth-secret.',
    'zh-CN': '服务器未按常规方式要求凭据。请使用 use-auth-secret 和 static-auth-secret 启动 coturn。',
  },
  'streams.turn.open_relay': {
    en: 'The server relays for anybody, without credentials. Start coturn with use-auth-secret and static-auth-secret.',
    'zh-CN': '服务器无需凭据即为任何人中继。请使用 use-auth-secret 和 static-auth-secret 启动 coturn。',
  },
  'streams.turn.wrong_secret': {
    en: 'The server does not take our credentials. Check that BACKLOT_TURN_SECRET is its static-auth-secret, and that its clock is right.',
    'zh-CN':
      '服务器不接受我们的凭据。请检查 BACKLOT_TURN_SECRET 是否等于其 static-auth-secret，以及其时钟是否准确。',
  },
  'streams.turn.over_quota': {
    en: 'The server has no room for another allocation ({code} {reason}). Raise its user-quota, total-quota or range of relay ports.',
    'zh-CN': '服务器无法再分配（{code} {reason}）。请提高 user-quota、total-quota 或扩大中继端口范围。',
  },
  'streams.turn.refused': {
    en: 'The server refuses to relay: {code} {reason}. Its log says more.',
    'zh-CN': '服务器拒绝中继：{code} {reason}。详情见其日志。',
  },
  'streams.turn.private_relay': {
    en: 'The server relays at {address}, which nobody outside can reach. Set its external-ip.',
    'zh-CN': '服务器在 {address} 上中继，外部无法访问。请设置其 external-ip。',
  },
  'streams.turn.relay_blocked': {
    en: 'The server gave the address {address}, but a packet sent there did not come back through it. Open its relay ports (UDP 49152–65535 unless told otherwise) in its firewall.',
    'zh-CN':
      '服务器分配了地址 {address}，但发往该地址的数据包没有返回。请在其防火墙中开放中继端口（默认 UDP 49152–65535）。',
  },
} as const satisfies PhraseTable;

/** Errors of the self-test itself. */
export const turnErrors = defineErrors({
  turn_test_running: {
    status: 409,
    retryable: true,
    message: {
      en: 'A test of the TURN servers is running. Wait a few seconds for it.',
      'zh-CN': 'TURN 服务器测试正在进行。请稍候几秒。',
    },
  },
});
