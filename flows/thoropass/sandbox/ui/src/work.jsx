import { useEffect, useState } from 'react';
import { Alert, Skeleton, Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import { api } from './api.js';

export function Work({ id }) {
  const [items, setItems] = useState(null);
  const [error, setError] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    api('GET', `/users/${id}/holdings`, undefined, stop.signal)
      .then((d) => setItems(d.items))
      .catch((e) => e.name !== 'AbortError' && setError(e.message));
    return () => stop.abort();
  }, [id]);
  if (error) return <Alert severity="error">{error}</Alert>;
  if (!items) return <Skeleton variant="rounded" height={80} aria-label="Loading assigned work" />;
  if (items.length === 0) {
    return (
      <Typography variant="body2" color="text.secondary">
        No open evidence requests or tasks
      </Typography>
    );
  }
  return (
    <Table size="small" aria-label="Assigned work">
      <TableHead>
        <TableRow>
          <TableCell>Type</TableCell>
          <TableCell>Title</TableCell>
          <TableCell>Due date</TableCell>
        </TableRow>
      </TableHead>
      <TableBody>
        {items.map((h, i) => (
          <TableRow key={i}>
            <TableCell>{h.kind}</TableCell>
            <TableCell>{h.title}</TableCell>
            <TableCell>{h.due}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
