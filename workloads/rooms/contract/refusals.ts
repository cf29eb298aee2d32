import type { PhraseTable } from '@backlot/contract';

/** What can be wrong with an SDP: programs get the code as `params.reason`, people the words, inside of a sentence. */
export const sdpFaults = {
  too_long: { en: 'it is too long', 'zh-CN': '内容过长' },
  empty: { en: 'it is empty', 'zh-CN': '内容为空' },
  not_sdp: { en: 'it has lines that are no SDP', 'zh-CN': '含有不属于 SDP 的行' },
  no_version: { en: 'it does not begin with v=0', 'zh-CN': '未以 v=0 开头' },
  no_grammar: { en: 'its lines do not fit the grammar', 'zh-CN': '其中的行不符合语法' },
  no_media: { en: 'it offers no media', 'zh-CN': '未提供任何媒体' },
  too_many_media: { en: 'it offers more than {limit} media', 'zh-CN': '提供的媒体超过 {limit} 个' },
  kind_unknown: {
    en: 'it offers {kind}, but only audio and video are taken',
    'zh-CN': '提供了 {kind}，但只接受 audio 和 video',
  },
  not_encrypted: {
    en: 'media must be encrypted by DTLS (UDP/TLS/RTP/SAVPF)',
    'zh-CN': '媒体必须通过 DTLS 加密（UDP/TLS/RTP/SAVPF）',
  },
  medium_closed: { en: 'it offers a medium that is closed', 'zh-CN': '提供了已关闭的媒体' },
  no_rtcp_mux: { en: 'a=rtcp-mux is missing', 'zh-CN': '缺少 a=rtcp-mux' },
  no_mid: { en: 'every medium needs a=mid', 'zh-CN': '每个媒体都需要 a=mid' },
  same_mid: { en: 'two of its media have the same mid', 'zh-CN': '两个媒体的 mid 相同' },
  not_bundled: { en: 'all media must be in one BUNDLE group', 'zh-CN': '所有媒体必须在同一个 BUNDLE 组中' },
  no_codec: { en: 'its {kind} names no codec', 'zh-CN': '其 {kind} 未列出编解码器' },
  too_many_layers: { en: 'it offers more than {limit} layers', 'zh-CN': '提供的层超过 {limit} 个' },
  ice_ufrag: { en: 'a=ice-ufrag is missing or malformed', 'zh-CN': 'a=ice-ufrag 缺失或格式错误' },
  ice_pwd: { en: 'a=ice-pwd is missing or malformed', 'zh-CN': 'a=ice-pwd 缺失或格式错误' },
  setup: {
    en: 'a=setup must be actpass, active or passive',
    'zh-CN': 'a=setup 必须为 actpass、active 或 passive',
  },
  fingerprint: { en: 'a=fingerprint is missing or malformed', 'zh-CN': 'a=fingerprint 缺失或格式错误' },
  no_common_codec: {
    en: 'the room has none of the codecs of its {kind}',
    'zh-CN': '房间不支持其 {kind} 的任何编解码器',
  },
  not_received: {
    en: 'it offers a medium that it does not receive',
    'zh-CN': '提供了不接收的媒体',
  },
  not_sent: { en: 'it offers a medium that it does not send', 'zh-CN': '提供了不发送的媒体' },
  more_than_one: { en: 'it offers more than one {kind}', 'zh-CN': '提供了多个 {kind}' },
  not_decodable: {
    en: 'it can decode none of the tracks that are published',
    'zh-CN': '无法解码任何已发布的媒体轨',
  },
  payload_types: {
    en: 'its payload types can’t be used by this room',
    'zh-CN': '此房间无法使用其负载类型（payload type）',
  },
  restart_tag: {
    en: 'an ICE restart is sent with If-Match: *',
    'zh-CN': 'ICE 重启须带 If-Match: *',
  },
} as const satisfies PhraseTable;
export type SdpFault = keyof typeof sdpFaults;

/** Why a request that is signed by MAuth is not believed. */
export const mauthFaults = {
  malformed: { en: 'the header is missing or malformed', 'zh-CN': '请求头缺失或格式错误' },
  no_service: { en: 'there is no such service', 'zh-CN': '没有此服务' },
  not_super: { en: 'this is for the superservice', 'zh-CN': '仅限 superservice 使用' },
  wrong_signature: { en: 'wrong key, user or role', 'zh-CN': '密钥、用户或角色错误' },
  stale: { en: 'too old or too new', 'zh-CN': '时间戳过早或过晚' },
  used: { en: 'used before', 'zh-CN': 'nonce 已被使用' },
} as const satisfies PhraseTable;
export type MAuthFault = keyof typeof mauthFaults;
