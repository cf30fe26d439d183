// The virtualised table: only the rows in view are in the document, each with its aria-rowindex.
import { useEffect, useRef, useState } from 'react';
import { Alert, Box, Skeleton, Typography } from '@mui/material';
import { useVirtualizer } from '@tanstack/react-virtual';
import { getFlags } from './api.js';
import { columns } from './cells.jsx';
import { rotate, useReorder } from './reorder.js';

export function VirtualTable({ fetchWindow, surface, onOpen }) {
  const size = getFlags().page_size;
  const cols = columns[surface];
  const grid = `${cols.map((c) => `minmax(0, ${c.flex}fr)`).join(' ')}`;
  const scroller = useRef(null);
  // Rows by their index; known is how many there are as far as the server told.
  const [list, setList] = useState({ rows: new Map(), known: 0, total: undefined, asked: false, error: '' });
  const asked = useRef(new Map());

  const ask = (from) => {
    if (asked.current.has(from)) return;
    const stop = new AbortController();
    asked.current.set(from, stop);
    fetchWindow(from, size, 'name', stop.signal)
      .then((d) =>
        setList((l) => {
          const rows = new Map(l.rows);
          d.items.forEach((u, i) => rows.set(from + i, u));
          const seen = Math.max(l.known, from + d.items.length + (d.more ? 1 : 0));
          return { rows, total: d.total, known: d.total ?? seen, asked: true, error: '' };
        }),
      )
      .catch((e) => {
        if (e.name === 'AbortError') return;
        asked.current.delete(from);
        setList((l) => ({ ...l, asked: true, error: e.message }));
      });
  };
  useEffect(() => {
    const all = asked.current;
    setList({ rows: new Map(), known: 0, total: undefined, asked: false, error: '' });
    scroller.current?.scrollTo({ top: 0 });
    ask(0);
    return () => {
      all.forEach((stop) => stop.abort());
      all.clear();
    };
  }, [fetchWindow]); // eslint-disable-line
  useReorder(() =>
    setList((l) => {
      const order = [...l.rows.keys()].sort((a, b) => a - b);
      const moved = rotate(order.map((i) => l.rows.get(i)));
      return { ...l, rows: new Map(order.map((i, n) => [i, moved[n]])) };
    }),
  );
  const virtual = useVirtualizer({
    count: list.known,
    getScrollElement: () => scroller.current,
    estimateSize: () => 60,
    overscan: 4,
  });
  const items = virtual.getVirtualItems();
  useEffect(() => {
    items.forEach((v) => ask(Math.floor(v.index / size) * size));
  });
  const row = { display: 'grid', gridTemplateColumns: grid, alignItems: 'center', borderBottom: 1, borderColor: 'divider' };
  return (
    <>
      {list.error && <Alert severity="error">{list.error}</Alert>}
      <Typography variant="body2" color="text.secondary" sx={{ p: 2, minHeight: 52 }}>
        {list.total === undefined ? '' : `${list.total} users`}
      </Typography>
      <Box role="grid" aria-label="Users" aria-rowcount={list.total === undefined ? undefined : list.total + 1} aria-colcount={cols.length} aria-busy={!list.asked}>
        <Box role="rowgroup">
          <Box role="row" aria-rowindex={1} sx={{ ...row, fontWeight: 600 }}>
            {cols.map((c, i) => (
              <Box key={c.field} role="columnheader" aria-colindex={i + 1} sx={{ p: 2 }}>
                {c.header}
              </Box>
            ))}
          </Box>
        </Box>
        <Box ref={scroller} role="rowgroup" tabIndex={0} sx={{ height: 600, overflow: 'auto' }}>
          <Box role="presentation" sx={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {!list.asked && <Skeleton variant="rectangular" height={400} aria-hidden="true" />}
            {items.map((v) => {
              const user = list.rows.get(v.index);
              return (
                <Box
                  key={v.key}
                  role="row"
                  data-id={user?.id}
                  aria-rowindex={v.index + 2}
                  style={{ position: 'absolute', top: 0, left: 0, right: 0, height: v.size, transform: `translateY(${v.start}px)` }}
                  sx={row}
                >
                  {cols.map((c, i) => (
                    <Box key={c.field} role="gridcell" aria-colindex={i + 1} sx={{ px: 2, overflow: 'hidden', textOverflow: 'ellipsis', maxHeight: 58 }}>
                      {user ? c.cell(user, onOpen) : <Skeleton />}
                    </Box>
                  ))}
                </Box>
              );
            })}
          </Box>
        </Box>
      </Box>
      {list.asked && list.known === 0 && !list.error && <Typography sx={{ p: 2, textAlign: 'center' }}>No users found</Typography>}
    </>
  );
}
