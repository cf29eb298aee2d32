// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual table are positioned, which <tr> can't be; this is the ARIA grid pattern
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds the focus and names its active row (aria-activedescendant)
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import classes from './data-table.module.css';
import { moveFocus } from './table-keys.ts';

export interface Column<Row> {
  readonly key: string;
  readonly header: string;
  /** A CSS grid track: "minmax(160px, 2fr)", "90px". */
  readonly width: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers and times stand at the end, so that digits line up. */
  readonly align?: 'end';
  /** Where it goes on a phone: first line, second line, or nowhere. */
  readonly phone?: 'title' | 'end' | 'meta' | 'hide';
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  /** Key of the row whose details are shown beside the table. */
  readonly selected?: string | undefined;
  /** Called when the reader nears the end of what is loaded. */
  readonly onEnd?: (() => void) | undefined;
  readonly empty?: ReactNode;
  /** Takes the height that is there and scrolls inside; otherwise grows up to `maxHeight` pixels. */
  readonly fill?: boolean;
  readonly maxHeight?: number;
}

const rowHeight = 34;
const phoneRowHeight = 58;

/**
 * A table of any length: only the rows in sight exist. One stop for the Tab key; arrows, Page Up and Down, Home
 * and End move, Enter opens. On a phone each row becomes two lines.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const {
    label,
    columns,
    rows,
    rowKey,
    onOpen,
    selected,
    onEnd,
    empty,
    fill = false,
    maxHeight = 480,
  } = props;
  const isPhone = useMediaQuery('(max-width: 47.99em)', false, { getInitialValueInEffect: false });
  const viewport = useRef<HTMLDivElement>(null);
  const id = useId();
  const [active, setActive] = useState(0);
  const height = isPhone ? phoneRowHeight : rowHeight;
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => height,
    overscan: 12,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : rowKey(row);
    },
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another height of rows is what there is to measure again
  useEffect(() => {
    virtualizer.measure();
  }, [virtualizer, height]);
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 8) onEnd?.();
  }, [last, rows.length, onEnd]);

  if (rows.length === 0 && empty) return <>{empty}</>;

  const focused = Math.min(active, Math.max(0, rows.length - 1));
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget) return;
    const row = rows[focused];
    if ((event.key === 'Enter' || event.key === ' ') && row !== undefined && onOpen) {
      event.preventDefault();
      onOpen(row);
      return;
    }
    const page = Math.max(1, Math.floor((viewport.current?.clientHeight ?? 300) / height) - 1);
    const next = moveFocus(event.key, focused, rows.length, page);
    if (next === undefined) return;
    event.preventDefault();
    setActive(next);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };
  const template: CSSProperties = { gridTemplateColumns: columns.map((column) => column.width).join(' ') };

  return (
    <div className={classes.table} data-fill={fill || undefined}>
      {/* The scrolling element takes the focus, so that scrolling by keyboard and by mouse are one. */}
      <div
        ref={viewport}
        className={classes.viewport}
        style={fill ? undefined : { maxHeight }}
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-activedescendant={rows.length > 0 ? `${id}-${focused}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div className={classes.inner}>
          <div
            className={classes.head}
            role="row"
            aria-rowindex={1}
            style={template}
            data-phone={isPhone || undefined}
          >
            {columns.map((column) => (
              <div key={column.key} role="columnheader" data-align={column.align}>
                {column.header}
              </div>
            ))}
          </div>
          <div className={classes.body} role="presentation" style={{ height: virtualizer.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the grid opens the active row
                <div
                  key={item.key}
                  id={`${id}-${item.index}`}
                  role="row"
                  aria-rowindex={item.index + 2}
                  aria-selected={selected === rowKey(row)}
                  className={classes.row}
                  data-active={item.index === focused || undefined}
                  data-opens={onOpen ? true : undefined}
                  data-phone={isPhone || undefined}
                  style={{
                    ...(isPhone ? {} : template),
                    height: item.size,
                    transform: `translateY(${item.start}px)`,
                  }}
                  onClick={(event) => {
                    setActive(item.index);
                    if (!isControl(event.target)) onOpen?.(row);
                  }}
                >
                  {isPhone ? (
                    <PhoneCells columns={columns} row={row} />
                  ) : (
                    <Cells columns={columns} row={row} />
                  )}
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

/** Links and buttons in a cell do their own thing; a click on them does not open the row. */
function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, [role="menuitem"]') !== null;
}

interface CellsProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly row: Row;
}

function Cells<Row>({ columns, row }: CellsProps<Row>) {
  return columns.map((column) => (
    <div key={column.key} role="gridcell" className={classes.cell} data-align={column.align}>
      {column.cell(row)}
    </div>
  ));
}

function PhoneCells<Row>({ columns, row }: CellsProps<Row>) {
  const at = (place: NonNullable<Column<Row>['phone']>) =>
    columns.filter((column) => (column.phone ?? 'hide') === place);
  return (
    <div role="gridcell" className={classes.phone}>
      <div className={classes.phoneLine}>
        <span className={classes.phoneTitle}>
          {at('title').map((column) => (
            <span key={column.key}>{column.cell(row)}</span>
          ))}
        </span>
        {at('end').map((column) => (
          <span key={column.key}>{column.cell(row)}</span>
        ))}
      </div>
      <div className={classes.phoneMeta}>
        {at('meta').map((column) => (
          <span key={column.key}>{column.cell(row)}</span>
        ))}
      </div>
    </div>
  );
}
