/** The mark: flats of a set, one behind the other. */
export function Logo({ size }: { readonly size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinejoin="round">
        <path d="M7 21.5v-9l6-3.5v9z" />
        <path d="M13 18V9l6 3.5v9z" opacity=".75" />
        <path d="M19 21.5v-9l6-3.5v9z" opacity=".5" />
      </g>
    </svg>
  );
}
