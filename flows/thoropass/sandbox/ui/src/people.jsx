// Company > People: employment records. "Delete Person" destroys one, and is here to be left alone.
import { useCallback, useEffect, useState } from 'react';
import { Button, Checkbox, Menu, MenuItem, Pagination, Paper, Stack, Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import { api, getFlags } from './api.js';
import { statusOf } from './words.js';
import { Failed } from './tables.jsx';
import { useToast } from './toast.jsx';

export function People() {
  const toast = useToast();
  const size = getFlags().page_size;
  const [page, setPage] = useState(1);
  const [data, setData] = useState({ items: [], total: 0 });
  const [error, setError] = useState('');
  const [ticked, setTicked] = useState([]);
  const [anchor, setAnchor] = useState(null);
  const load = useCallback(() => {
    setError('');
    return api('GET', `/users?page=${page}&size=${size}&include_deactivated=true`)
      .then(setData)
      .catch((e) => setError(e.message));
  }, [page, size]);
  useEffect(() => {
    load();
  }, [load]);
  const act = async (path, done) => {
    setAnchor(null);
    try {
      for (const id of ticked) await api('POST', path(id), {}); // one after the other, as they were ticked
      toast(done);
      setTicked([]);
    } catch (e) {
      toast(e.message, 'error');
    }
    await load();
  };
  const toggle = (id) => setTicked(ticked.includes(id) ? ticked.filter((x) => x !== id) : [...ticked, id]);
  if (error) return <Failed error={error} onRetry={load} />;
  return (
    <>
      <Stack direction="row" sx={{ mb: 3, justifyContent: 'space-between' }}>
        <Typography variant="h4" component="h1">
          People
        </Typography>
        <Button variant="outlined" disabled={ticked.length === 0} aria-haspopup="menu" onClick={(e) => setAnchor(e.currentTarget)}>
          Actions
        </Button>
        <Menu anchorEl={anchor} open={Boolean(anchor)} onClose={() => setAnchor(null)}>
          <MenuItem onClick={() => act((id) => `/users/${id}/revoke`, 'Access revoked')}>Revoke Thoropass Access</MenuItem>
          <MenuItem onClick={() => act((id) => `/people/${id}/delete`, 'Person deleted')}>Delete Person</MenuItem>
        </Menu>
      </Stack>
      <Paper variant="outlined">
        <Table aria-label="People">
          <TableHead>
            <TableRow>
              <TableCell padding="checkbox" />
              <TableCell>Name</TableCell>
              <TableCell>Email</TableCell>
              <TableCell>Thoropass access</TableCell>
            </TableRow>
          </TableHead>
          <TableBody>
            {data.items.map((u) => (
              <TableRow key={u.id} data-id={u.id}>
                <TableCell padding="checkbox">
                  <Checkbox checked={ticked.includes(u.id)} onChange={() => toggle(u.id)} slotProps={{ input: { 'aria-label': `Select ${u.name}` } }} />
                </TableCell>
                <TableCell>{u.name}</TableCell>
                <TableCell>{u.email}</TableCell>
                <TableCell>{statusOf(u)}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
        <Stack sx={{ p: 2, alignItems: 'flex-end' }}>
          <Pagination count={Math.max(1, Math.ceil((data.total ?? 0) / size))} page={page} onChange={(_, p) => setPage(p)} />
        </Stack>
      </Paper>
    </>
  );
}
