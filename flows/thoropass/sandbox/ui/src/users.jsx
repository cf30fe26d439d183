// The users page of a workspace (Settings > Users) and of the account (User Management).
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  Box, Button, Checkbox, Divider, FormControlLabel, FormGroup, FormLabel, InputAdornment, Paper, Popover, Stack, Switch, TextField, Typography,
} from '@mui/material';
import { api, fault, struck, useFlags } from './api.js';
import { statusWords } from './words.js';
import { SearchIcon } from './icons.jsx';
import { tables } from './tables.jsx';
import { UserPanel } from './panel.jsx';
import { InviteDialog } from './invite.jsx';

const surfaces = {
  workspace: { title: 'Users', add: 'Add Users', search: 'Search users' },
  account: { title: 'User Management', add: 'Add User', search: 'Search by name or email' },
};

export function Users({ surface }) {
  const flags = useFlags();
  const words = surfaces[surface];
  const [typed, setTyped] = useState('');
  const [text, setText] = useState('');
  const [filter, setFilter] = useState({ deactivated: false, status: [] });
  const [selected, setSelected] = useState(null);
  const [adding, setAdding] = useState(false);
  const [changes, setChanges] = useState(0);
  const timer = useRef();
  const search = (e) => {
    const value = e.target.value;
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setText(value), 300);
  };
  useEffect(() => () => clearTimeout(timer.current), []);

  const fetchWindow = useCallback(
    (offset, limit, sort, signal) => {
      const q = new URLSearchParams({ offset, limit, sort });
      if (text) q.set('q', text);
      if (filter.deactivated) q.set('include_deactivated', 'true');
      if (filter.status.length) q.set('status', filter.status.concat(filter.deactivated ? 'deactivated' : []).join(','));
      return api('GET', '/users?' + q, undefined, signal);
    },
    [text, filter, changes], // eslint-disable-line -- a change makes every window stale
  );
  const changed = useCallback(() => setChanges((n) => n + 1), []);
  const UsersTable = tables[flags.paging];
  return (
    <>
      <Stack direction="row" sx={{ mb: 3, alignItems: 'center', justifyContent: 'space-between' }}>
        <Typography variant="h4" component="h1">
          {words.title}
        </Typography>
        <Button variant="contained" onClick={() => setAdding(true)}>
          {words.add}
        </Button>
      </Stack>
      <Stack direction="row" spacing={2} sx={{ mb: 2 }}>
        <TextField
          size="small"
          placeholder={words.search}
          value={typed}
          onChange={search}
          sx={{ width: 320, bgcolor: 'background.paper' }}
          slotProps={{
            htmlInput: { 'aria-label': words.search, type: 'search', autoComplete: 'off' },
            input: {
              startAdornment: (
                <InputAdornment position="start">
                  <SearchIcon fontSize="small" />
                </InputAdornment>
              ),
            },
          }}
        />
        <Filters filter={filter} onChange={setFilter} />
      </Stack>
      <Paper variant="outlined" sx={{ overflow: 'hidden' }}>
        <UsersTable fetchWindow={fetchWindow} surface={surface} onOpen={setSelected} />
      </Paper>
      <UserPanel user={selected} onClose={() => setSelected(null)} onChanged={changed} />
      <InviteDialog open={adding} title={words.add} onClose={() => setAdding(false)} onChanged={changed} />
    </>
  );
}

function Filters({ filter, onChange }) {
  const [anchor, setAnchor] = useState(null);
  const hidden = Boolean(fault('no_filter'));
  const count = filter.status.length + (filter.deactivated ? 1 : 0);
  useEffect(() => {
    if (anchor && hidden) struck('no_filter');
  }, [anchor, hidden]);
  const toggle = (key) =>
    onChange({
      ...filter,
      status: filter.status.includes(key) ? filter.status.filter((k) => k !== key) : [...filter.status, key],
    });
  return (
    <>
      <Button variant="outlined" aria-haspopup="true" aria-expanded={Boolean(anchor)} onClick={(e) => setAnchor(e.currentTarget)}>
        {count ? `Filters (${count})` : 'Filters'}
      </Button>
      <Popover open={Boolean(anchor)} anchorEl={anchor} onClose={() => setAnchor(null)} anchorOrigin={{ vertical: 'bottom', horizontal: 'left' }}>
        <Box sx={{ p: 2.5, width: 280 }}>
          <FormGroup>
            <FormLabel>Status</FormLabel>
            {Object.entries(statusWords)
              .filter(([key]) => key !== 'deactivated')
              .map(([key, word]) => (
                <FormControlLabel key={key} control={<Checkbox size="small" checked={filter.status.includes(key)} onChange={() => toggle(key)} />} label={word} />
              ))}
          </FormGroup>
          {!hidden && <Divider sx={{ my: 1.5 }} />}
          {!hidden && (
            <FormControlLabel
              control={<Switch checked={filter.deactivated} onChange={(e) => onChange({ ...filter, deactivated: e.target.checked })} />}
              label="Show deactivated users"
            />
          )}
          <Stack direction="row" sx={{ mt: 1.5, justifyContent: 'space-between' }}>
            <Button size="small" onClick={() => onChange({ deactivated: false, status: [] })}>
              Clear
            </Button>
            <Button size="small" variant="contained" onClick={() => setAnchor(null)}>
              Done
            </Button>
          </Stack>
        </Box>
      </Popover>
    </>
  );
}
