// The users table, once for each way of paging.
import { memo, useCallback, useEffect, useRef, useState } from 'react';
import {
  Alert, Box, Button, LinearProgress, Pagination, Skeleton, Stack, Table, TableBody, TableCell, TableHead, TableRow, Typography,
} from '@mui/material';
import { DataGrid } from '@mui/x-data-grid';
import { getFlags } from './api.js';
import { columns } from './cells.jsx';
import { rotate, useReorder } from './reorder.js';
import { VirtualTable } from './virtual.jsx';

const range = (from, n, total) => (total === undefined ? `${from + 1}–${from + n}` : `${n ? from + 1 : 0}–${from + n} of ${total}`);

export function Failed({ error, onRetry }) {
  return (
    <Alert
      severity="error"
      action={
        <Button color="inherit" size="small" onClick={onRetry}>
          Retry
        </Button>
      }
    >
      {error}
    </Alert>
  );
}

// useWindow reads one window of the list; only the latest question's answer counts.
function useWindow(fetchWindow, offset, limit, sort) {
  const [state, setState] = useState({ rows: [], total: undefined, more: false, loading: true, error: '' });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setState((s) => ({ ...s, loading: true, error: '' }));
    fetchWindow(offset, limit, sort, stop.signal)
      .then((d) => setState({ rows: d.items, total: d.total, more: d.more, loading: false, error: '' }))
      .catch((e) => e.name !== 'AbortError' && setState((s) => ({ ...s, rows: [], loading: false, error: e.message })));
    return () => stop.abort();
  }, [fetchWindow, offset, limit, sort, tries]);
  useReorder(() => setState((s) => ({ ...s, rows: rotate(s.rows) })));
  return [state, () => setTries((n) => n + 1)];
}

function NextTable({ fetchWindow, surface, onOpen }) {
  const [page, setPage] = useState({ page: 0, pageSize: getFlags().page_size });
  const [sortModel, setSortModel] = useState([]);
  useEffect(() => setPage((p) => ({ ...p, page: 0 })), [fetchWindow]);
  const field = sortModel[0] && columns[surface].find((c) => c.field === sortModel[0].field).sort;
  const sort = (sortModel[0]?.sort === 'desc' ? '-' : '') + (field ?? 'name');
  const [{ rows, total, more, loading, error }, retry] = useWindow(fetchWindow, page.page * page.pageSize, page.pageSize, sort);
  if (error) return <Failed error={error} onRetry={retry} />;
  return (
    <Box sx={{ display: 'flex', flexDirection: 'column' }}>
      <DataGrid
        rows={rows}
        columns={columns[surface].map((c) => ({
          field: c.field,
          headerName: c.header,
          flex: c.flex,
          minWidth: 90,
          sortable: Boolean(c.sort),
          renderCell: ({ row }) => c.cell(row, onOpen),
        }))}
        rowCount={total ?? -1}
        paginationMeta={{ hasNextPage: more }}
        paginationMode="server"
        paginationModel={page}
        onPaginationModelChange={setPage}
        pageSizeOptions={[25, 50, 100]}
        sortingMode="server"
        sortModel={sortModel}
        onSortModelChange={setSortModel}
        loading={loading}
        rowHeight={surface === 'account' ? 60 : 52}
        disableColumnMenu
        disableRowSelectionOnClick
        localeText={{ noRowsLabel: 'No users found' }}
        slotProps={{
          loadingOverlay: { variant: 'skeleton', noRowsVariant: 'skeleton' },
          basePagination: {
            material: {
              labelDisplayedRows: ({ from, to }) => range(from - 1, Math.max(0, Math.min(to, from + rows.length - 1) - from + 1), total),
            },
          },
        }}
        sx={{ border: 0, '& .MuiDataGrid-cell': { display: 'flex', alignItems: 'center' } }}
      />
    </Box>
  );
}

const Row = memo(function Row({ user, surface, onOpen }) {
  return (
    <TableRow hover data-id={user.id}>
      {columns[surface].map((c) => (
        <TableCell key={c.field} sx={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>
          {c.cell(user, onOpen)}
        </TableCell>
      ))}
    </TableRow>
  );
});

function Rows({ rows, loading, surface, onOpen, skeletons = 8 }) {
  const cols = columns[surface];
  return (
    <Table aria-label="Users" aria-busy={loading} sx={{ tableLayout: 'fixed' }}>
      <TableHead>
        <TableRow>
          {cols.map((c) => (
            <TableCell key={c.field} sx={{ fontWeight: 600 }}>
              {c.header}
            </TableCell>
          ))}
        </TableRow>
      </TableHead>
      <TableBody>
        {rows.map((u, i) => (
          <Row key={`${u.id}/${i}`} user={u} surface={surface} onOpen={onOpen} />
        ))}
        {loading &&
          Array.from({ length: skeletons }, (_, i) => (
            <TableRow key={`skeleton ${i}`} aria-hidden="true">
              {cols.map((c) => (
                <TableCell key={c.field}>
                  <Skeleton />
                </TableCell>
              ))}
            </TableRow>
          ))}
        {!loading && rows.length === 0 && (
          <TableRow>
            <TableCell colSpan={cols.length} align="center">
              No users found
            </TableCell>
          </TableRow>
        )}
      </TableBody>
    </Table>
  );
}

function NumberedTable({ fetchWindow, surface, onOpen }) {
  const size = getFlags().page_size;
  const [page, setPage] = useState(1);
  useEffect(() => setPage(1), [fetchWindow]);
  const from = (page - 1) * size;
  const [{ rows, total, more, loading, error }, retry] = useWindow(fetchWindow, from, size, 'name');
  if (error) return <Failed error={error} onRetry={retry} />;
  // Without a total only the pages up to the next one are known.
  const pages = total === undefined ? page + (more ? 1 : 0) : Math.max(1, Math.ceil(total / size));
  return (
    <>
      <Rows rows={loading ? [] : rows} loading={loading} surface={surface} onOpen={onOpen} />
      <Stack direction="row" sx={{ p: 2, alignItems: 'center', justifyContent: 'space-between' }}>
        <Typography variant="body2" color="text.secondary">
          {loading ? '' : range(from, rows.length, total)}
        </Typography>
        <Pagination count={pages} page={page} onChange={(_, p) => setPage(p)} disabled={loading} />
      </Stack>
    </>
  );
}

// useGrowing collects windows one after the other.
function useGrowing(fetchWindow) {
  const size = getFlags().page_size;
  const [state, setState] = useState({ rows: [], total: undefined, more: true, loading: false, error: '' });
  const run = useRef(null);
  const next = useCallback(
    (from) => {
      run.current?.abort();
      const stop = new AbortController();
      run.current = stop;
      setState((s) => ({ ...s, rows: from === 0 ? [] : s.rows, loading: true, error: '' }));
      fetchWindow(from, size, 'name', stop.signal)
        .then((d) =>
          setState((s) => ({
            rows: from === 0 ? d.items : [...s.rows, ...d.items],
            total: d.total,
            more: d.more,
            loading: false,
            error: '',
          })),
        )
        .catch((e) => e.name !== 'AbortError' && setState((s) => ({ ...s, loading: false, error: e.message })));
    },
    [fetchWindow, size],
  );
  useEffect(() => {
    next(0);
    return () => run.current?.abort();
  }, [next]);
  useReorder(() => setState((s) => ({ ...s, rows: rotate(s.rows) })));
  return [state, () => next(state.rows.length)];
}

function MoreTable({ fetchWindow, surface, onOpen }) {
  const [{ rows, total, more, loading, error }, next] = useGrowing(fetchWindow);
  return (
    <>
      <Rows rows={rows} loading={loading && rows.length === 0} surface={surface} onOpen={onOpen} />
      {error && <Failed error={error} onRetry={next} />}
      <Stack sx={{ p: 2, alignItems: 'center' }} spacing={1}>
        {rows.length > 0 && (
          <Typography variant="body2" color="text.secondary">
            {total === undefined ? `Showing ${rows.length}` : `Showing ${rows.length} of ${total}`}
          </Typography>
        )}
        {more && !error && (
          <Button variant="outlined" onClick={next} disabled={loading}>
            {loading ? 'Loading…' : 'Load more'}
          </Button>
        )}
      </Stack>
    </>
  );
}

function InfiniteTable({ fetchWindow, surface, onOpen }) {
  const [{ rows, total, more, loading, error }, next] = useGrowing(fetchWindow);
  const end = useRef(null);
  const act = useRef(() => {});
  useEffect(() => {
    act.current = () => more && !loading && !error && next();
  });
  useEffect(() => {
    if (loading || !more || error) return undefined;
    const watch = new IntersectionObserver(([e]) => e.isIntersecting && act.current(), { rootMargin: '100px' });
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [loading, more, error]);
  return (
    <>
      <Typography variant="body2" color="text.secondary" sx={{ p: 2, pb: 0, minHeight: 36 }}>
        {total === undefined ? '' : `${total} users`}
      </Typography>
      <Rows rows={rows} loading={loading && rows.length === 0} surface={surface} onOpen={onOpen} />
      {error && <Failed error={error} onRetry={next} />}
      <Box ref={end} sx={{ height: 8 }}>
        {loading && rows.length > 0 && <LinearProgress aria-label="Loading more users" />}
      </Box>
    </>
  );
}

export const tables = {
  next: NextTable,
  numbered: NumberedTable,
  more: MoreTable,
  infinite: InfiniteTable,
  virtual: VirtualTable,
};
