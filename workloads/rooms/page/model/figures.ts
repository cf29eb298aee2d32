/** Numbers with their units, for the statistics. `–` is what a browser does not tell. */
export function figures(language: string) {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const or = (value: number | null, text: (value: number) => string) => (value === null ? '–' : text(value));
  return {
    bitrate: (value: number | null) =>
      or(value, (bits) =>
        bits >= 1_000_000
          ? `${tenth.format(bits / 1_000_000)} Mbit/s`
          : `${whole.format(bits / 1_000)} kbit/s`,
      ),
    milliseconds: (value: number | null) => or(value, (ms) => `${whole.format(ms)} ms`),
    share: (value: number | null) => or(value, (part) => share.format(part)),
    fps: (value: number | null) => or(value, (frames) => `${whole.format(frames)} fps`),
  };
}
