import { type PhraseParams, type PhraseTable, type Reason, reason } from '@backlot/contract';

/**
 * What a source, or the way to it, says of itself, in sentences that say what to do where something can be done. Parameters are
 * never an address: those hold secrets.
 */
export const sourcePhrases = {
  'recordings.source.clock_jumps': {
    en: 'The timestamps of the source jump again and again.',
    'zh-CN': '源的时间戳反复跳变。',
  },
  'recordings.source.closed': { en: 'The source closed the connection.', 'zh-CN': '源关闭了连接。' },
  'recordings.source.busy': {
    en: 'The server is busy (HTTP {status}).',
    'zh-CN': '服务器繁忙（HTTP {status}）。',
  },
  'recordings.source.cut': { en: 'The server cut the connection off.', 'zh-CN': '服务器中断了连接。' },
  'recordings.source.denied': {
    en: 'The server refuses (HTTP {status}).',
    'zh-CN': '服务器拒绝访问（HTTP {status}）。',
  },
  'recordings.source.denied_key': {
    en: 'The source refused the user, password or key.',
    'zh-CN': '源拒绝了用户名、密码或密钥。',
  },
  'recordings.source.disk_full': { en: 'The disk of the node is full.', 'zh-CN': '节点的磁盘已满。' },
  'recordings.source.encrypted': {
    en: 'The source is encrypted with {method}.',
    'zh-CN': '源使用 {method} 加密。',
  },
  'recordings.source.ended': {
    en: 'The playlist says that it has ended.',
    'zh-CN': '播放列表表示直播已结束。',
  },
  'recordings.source.engine_silent': {
    en: 'BililiveRecorder does not answer.',
    'zh-CN': 'BililiveRecorder 没有响应。',
  },
  'recordings.source.fault': { en: 'The source fails: {detail}', 'zh-CN': '源出错：{detail}' },
  'recordings.source.given_up': { en: 'The connection was given up.', 'zh-CN': '已放弃该连接。' },
  'recordings.source.gone': {
    en: 'There is nothing at that address now (HTTP {status}).',
    'zh-CN': '该地址目前没有内容（HTTP {status}）。',
  },
  'recordings.source.header': {
    en: 'A header of the channel can not be sent. Take line breaks out of it.',
    'zh-CN': '频道的某个请求头无法发送。请去掉其中的换行。',
  },
  'recordings.source.http': {
    en: 'The server answered HTTP {status}.',
    'zh-CN': '服务器返回 HTTP {status}。',
  },
  'recordings.source.key_broken': { en: 'The key of the source is no key.', 'zh-CN': '源的解密密钥无效。' },
  'recordings.source.key_short': {
    en: 'The channel has no stream key of at least 8 characters.',
    'zh-CN': '频道没有至少 8 个字符的推流码。',
  },
  'recordings.source.length': {
    en: 'The address is longer than 4,096 characters.',
    'zh-CN': '地址超过 4096 个字符。',
  },
  'recordings.source.mime': {
    en: 'The address answers with {type}, which is no FLV.',
    'zh-CN': '该地址返回的是 {type}，不是 FLV。',
  },
  'recordings.source.missing': {
    en: 'The source says that this stream is not there now.',
    'zh-CN': '源表示该流目前不存在。',
  },
  'recordings.source.no_address': { en: 'The channel has no address.', 'zh-CN': '频道没有地址。' },
  'recordings.source.no_address_of': {
    en: 'This channel has no address. Give one that begins with {schemes}.',
    'zh-CN': '该频道没有地址。请填写以 {schemes} 开头的地址。',
  },
  'recordings.source.no_host': { en: 'The address names no host.', 'zh-CN': '地址中没有主机名。' },
  'recordings.source.no_http': { en: 'The server does not speak HTTP.', 'zh-CN': '服务器使用的不是 HTTP。' },
  'recordings.source.no_keyframe': {
    en: 'No keyframe has come for long; another connection is made.',
    'zh-CN': '长时间没有关键帧，正在重新连接。',
  },
  'recordings.source.no_playlist': {
    en: 'The address gives no HLS playlist.',
    'zh-CN': '该地址没有返回 HLS 播放列表。',
  },
  'recordings.source.no_publisher': {
    en: 'Nobody publishes to this channel now.',
    'zh-CN': '目前没有人向该频道推流。',
  },
  'recordings.source.no_quality': {
    en: 'The page offers no quality that can be recorded.',
    'zh-CN': '该页面没有可录制的画质。',
  },
  'recordings.source.no_resolver': {
    en: 'This channel names no resolver. Choose streamlink or yt-dlp.',
    'zh-CN': '该频道未指定解析器。请选择 streamlink 或 yt-dlp。',
  },
  'recordings.source.no_tool': {
    en: 'There is no {tool} on this node. Install it, or set {variable}.',
    'zh-CN': '该节点没有 {tool}。请安装，或设置 {variable}。',
  },
  'recordings.source.no_url': { en: 'That is no address.', 'zh-CN': '这不是有效的地址。' },
  'recordings.source.not_live': {
    en: 'The page says that it is not live now.',
    'zh-CN': '页面显示目前未开播。',
  },
  'recordings.source.not_media': {
    en: 'What comes is no {container} any more.',
    'zh-CN': '收到的数据已不是 {container}。',
  },
  'recordings.source.old_tool': {
    en: 'This node’s ffmpeg is too old or built without what this source needs.',
    'zh-CN': '该节点的 ffmpeg 过旧，或缺少该源所需的功能。',
  },
  'recordings.source.page_form': {
    en: 'The page offers its stream only in a form that can’t be recorded.',
    'zh-CN': '该页面只提供无法录制的流。',
  },
  'recordings.source.page_unknown': {
    en: 'This node’s {tool} does not know this page. Try the other resolver, or a newer {tool}.',
    'zh-CN': '该节点的 {tool} 不支持此页面。请换用另一个解析器，或使用更新的 {tool}。',
  },
  'recordings.source.page_unread': {
    en: '{tool} could not look at the page.',
    'zh-CN': '{tool} 无法读取该页面。',
  },
  'recordings.source.playlist_empty': { en: 'The playlist is empty.', 'zh-CN': '播放列表为空。' },
  'recordings.source.playlist_gone': {
    en: 'The address gives no media playlist any more.',
    'zh-CN': '该地址不再返回媒体播放列表。',
  },
  'recordings.source.playlist_nested': {
    en: 'The playlist only names other playlists.',
    'zh-CN': '播放列表只指向其他播放列表。',
  },
  'recordings.source.publisher_away': {
    en: 'The publisher was sent away: {detail}',
    'zh-CN': '已断开推流端：{detail}',
  },
  'recordings.source.publisher_ended': {
    en: 'The publisher ended the stream.',
    'zh-CN': '推流端已结束推流。',
  },
  'recordings.source.publisher_gone': { en: 'The publisher has gone again.', 'zh-CN': '推流端又断开了。' },
  'recordings.source.publisher_lost': {
    en: 'The publisher’s connection was lost.',
    'zh-CN': '与推流端的连接已断开。',
  },
  'recordings.source.publisher_silent': {
    en: 'The publisher was sent away: it was silent for half a minute.',
    'zh-CN': '已断开推流端：半分钟没有发送数据。',
  },
  'recordings.source.publisher_slow': {
    en: 'The publisher was sent away: it took too long to begin publishing.',
    'zh-CN': '已断开推流端：开始推流用时过长。',
  },
  'recordings.source.publisher_taken': {
    en: 'The publisher was sent away: somebody publishes with this stream key already.',
    'zh-CN': '已断开推流端：该推流码正在使用中。',
  },
  'recordings.source.publisher_unknown': {
    en: 'The publisher was sent away: its stream key belongs to no channel of this node.',
    'zh-CN': '已断开推流端：该推流码不属于本节点的任何频道。',
  },
  'recordings.source.redirects': {
    en: 'The address was redirected more than {most} times.',
    'zh-CN': '该地址的重定向超过 {most} 次。',
  },
  'recordings.source.refused': {
    en: 'The server refuses the request (HTTP {status}).',
    'zh-CN': '服务器拒绝了请求（HTTP {status}）。',
  },
  'recordings.source.refused_port': {
    en: 'Nothing listens at the address of the source.',
    'zh-CN': '源的地址上没有服务在监听。',
  },
  'recordings.source.scheme': {
    en: 'Addresses that begin with {scheme} can not be opened here.',
    'zh-CN': '此处无法打开以 {scheme} 开头的地址。',
  },
  'recordings.source.schemes': {
    en: 'Addresses of this kind begin with {schemes}.',
    'zh-CN': '此类地址应以 {schemes} 开头。',
  },
  'recordings.source.signed_in': {
    en: 'The page wants somebody who is signed in.',
    'zh-CN': '该页面需要登录。',
  },
  'recordings.source.silent': {
    en: 'Nothing has come for long; another connection is made.',
    'zh-CN': '长时间没有数据，正在重新连接。',
  },
  'recordings.source.slow': {
    en: 'It comes far slower than it should; another connection is made.',
    'zh-CN': '数据明显过慢，正在重新连接。',
  },
  'recordings.source.strange': {
    en: 'The source answers with something that can’t be recorded.',
    'zh-CN': '源返回的内容无法录制。',
  },
  'recordings.source.stuck': {
    en: 'Its clock stands still; another connection is made.',
    'zh-CN': '源的时间戳停滞，正在重新连接。',
  },
  'recordings.source.timeout': { en: 'The source did not answer in time.', 'zh-CN': '源未及时响应。' },
  'recordings.source.too_late': {
    en: '{tool} did not answer within {seconds} seconds.',
    'zh-CN': '{tool} 未在 {seconds} 秒内响应。',
  },
  'recordings.source.typed': {
    en: 'The address has a space, quote or control character in it. Encode it with %.',
    'zh-CN': '地址中有空格、引号或控制字符。请用 % 编码。',
  },
  'recordings.source.unreachable': {
    en: 'The connection to the source can’t be made, or was lost.',
    'zh-CN': '无法连接到源，或连接已断开。',
  },
  'recordings.source.unknown_host': {
    en: 'The name of the source’s server can’t be found. Is it spelled right?',
    'zh-CN': '找不到源服务器的名称。请检查拼写。',
  },
  'recordings.source.unknown_kind': {
    en: 'This node can not open sources of the kind {kind}.',
    'zh-CN': '该节点无法打开 {kind} 类型的源。',
  },
  'recordings.source.unreadable': {
    en: 'What the source sends can’t be read any more; another connection is made.',
    'zh-CN': '源发来的数据已无法解析，正在重新连接。',
  },
  'recordings.source.until_limit': {
    en: 'The source sent nothing until the time limit.',
    'zh-CN': '源在时限内没有发送任何数据。',
  },
  'recordings.source.variants_none': {
    en: 'The playlist names no variant.',
    'zh-CN': '播放列表没有任何可选流。',
  },
} as const satisfies PhraseTable;

export type SourceCode = keyof typeof sourcePhrases extends `recordings.source.${infer Code}` ? Code : never;

/** A sentence about a source. What others said goes in cut: it may be anything. */
export function sourceReason(code: SourceCode, params: PhraseParams = {}): Reason {
  const cut = Object.entries(params).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replaceAll('\0', '').slice(0, 200).toWellFormed() : value,
  ]);
  return reason(sourcePhrases, `recordings.source.${code}`, Object.fromEntries(cut));
}
