/**
 * What the scripts say, in both languages of the product. They run before anything is installed, so they
 * can't use the product's own tables.
 */
const { BACKLOT_LANGUAGE, LC_ALL, LC_MESSAGES, LANG } = process.env;
// POSIX: a variable that is empty is as if it were not set.
const chinese = /^zh/i.test(BACKLOT_LANGUAGE || LC_ALL || LC_MESSAGES || LANG || '');

/**
 * The sentence in the reader's language.
 * @param {string} en
 * @param {string} zh
 */
export function say(en, zh) {
  return chinese ? zh : en;
}
