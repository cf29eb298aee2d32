import { useFormat } from '../format/index.ts';

/** An amount of bytes, with the exact number in the tooltip. */
export function Bytes({ value }: { readonly value: number | null | undefined }) {
  const format = useFormat();
  const exact = value === null || value === undefined ? undefined : `${format.number(value)} B`;
  return (
    <span className="nowrap" title={exact}>
      {format.bytes(value)}
    </span>
  );
}
