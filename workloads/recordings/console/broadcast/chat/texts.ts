import { defineTexts } from '@backlot/console/workload';

export const chatTexts = defineTexts('recordings-chat', {
  title: { en: 'Chat', 'zh-CN': '弹幕' },
  list: { en: 'What was written, up to the player’s time', 'zh-CN': '截至当前播放时间的弹幕' },
  found: { en: 'Lines of the whole chat that were found', 'zh-CN': '全场弹幕的搜索结果' },
  search: { en: 'Search the chat', 'zh-CN': '搜索全场弹幕' },
  matches: { en: { one: '{{shown}} line', other: '{{shown}} lines' }, 'zh-CN': '{{shown}} 条' },
  kinds: { en: 'Kinds of lines', 'zh-CN': '弹幕类型' },
  'kind.message': { en: 'Messages', 'zh-CN': '弹幕' },
  'kind.paid': { en: 'Paid', 'zh-CN': '醒目留言' },
  'kind.gift': { en: 'Gifts', 'zh-CN': '礼物' },
  'kind.member': { en: 'Members', 'zh-CN': '会员' },
  over: { en: 'Over the picture', 'zh-CN': '画面弹幕' },
  follow: { en: 'Follow the player', 'zh-CN': '跟随播放' },
  paid: { en: 'paid {{amount}}', 'zh-CN': '付费 {{amount}}' },
  gift: { en: 'gift', 'zh-CN': '礼物' },
  member: { en: 'became a member', 'zh-CN': '成为会员' },
  'none.all': { en: 'Nobody wrote anything in this film.', 'zh-CN': '本片没有弹幕。' },
  'none.kinds': { en: 'There is no line of the chosen kinds.', 'zh-CN': '没有所选类型的弹幕。' },
  'none.found': { en: 'No line has these words.', 'zh-CN': '没有包含这些文字的弹幕。' },
  'none.yet': {
    en: 'Nothing has been written up to here. The first line comes at {{time}}.',
    'zh-CN': '到此处还没有弹幕，第一条出现在 {{time}}。',
  },
  bad: {
    en: {
      one: '{{shown}} line could not be read and is left out.',
      other: '{{shown}} lines could not be read and are left out.',
    },
    'zh-CN': '有 {{shown}} 行无法读取，已略过。',
  },
  cut: {
    en: {
      one: 'Only the first line is here; all of them are in the file.',
      other: 'Only the first {{shown}} lines are here; all of them are in the file.',
    },
    'zh-CN': '此处仅含前 {{shown}} 条，完整弹幕见文件。',
  },
  error: { en: 'The chat of this film can’t be read now.', 'zh-CN': '暂时无法读取本片的弹幕。' },
});
