/**
 * What the scripts say, in both languages of the product. They run before anything is installed, so they
 * can't use the product's own tables.
 */
const chinese = /^zh/i.test(
  process.env.BACKLOT_LANGUAGE ?? process.env.LC_ALL ?? process.env.LC_MESSAGES ?? process.env.LANG ?? '',
);

/**
 * The sentence in the reader's language.
 * @param {string} en
 * @param {string} zh
 */
export function say(en, zh) {
  return chinese ? zh : en;
}
