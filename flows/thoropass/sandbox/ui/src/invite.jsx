// The modal that invites: one person, or a file of them (which the stand-in does not take).
import { useEffect, useState } from 'react';
import {
  Alert, Box, Button, Checkbox, Dialog, DialogActions, DialogContent, DialogTitle, FormControl, FormControlLabel, InputLabel, ListItemText, MenuItem,
  Select, Stack, Tab, Tabs, TextField, Typography,
} from '@mui/material';
import { api } from './api.js';
import { roleWord, roleWords } from './words.js';
import { useToast } from './toast.jsx';

const empty = { email: '', first_name: '', last_name: '', roles: [] };

export function InviteDialog({ open, title, onClose, onChanged }) {
  const toast = useToast();
  const [tab, setTab] = useState(0);
  const [form, setForm] = useState(empty);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  useEffect(() => {
    if (!open) return;
    setTab(0);
    setForm(empty);
    setBusy(false);
    setError('');
  }, [open]);
  const set = (key) => (e) => setForm({ ...form, [key]: e.target.value });
  const ready = form.email && form.first_name && form.last_name && form.roles.length > 0;
  const send = async (e) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      await api('POST', '/users', form);
      toast(`Invitation sent to ${form.email}`);
      onChanged();
      onClose();
    } catch (err) {
      setBusy(false);
      setError(err.message);
      if (err.code === 'refused' || err.status === 0 || err.status >= 500) toast(err.message, 'error');
    }
  };
  return (
    <Dialog open={open} onClose={busy ? undefined : onClose} fullWidth maxWidth="sm" aria-labelledby="invite-title">
      <DialogTitle id="invite-title">{title}</DialogTitle>
      <Tabs value={tab} onChange={(_, t) => setTab(t)} sx={{ px: 3 }}>
        <Tab label="Single User" id="invite-tab-0" aria-controls="invite-panel-0" />
        <Tab label="Multiple Users" id="invite-tab-1" aria-controls="invite-panel-1" />
      </Tabs>
      <Box role="tabpanel" id={`invite-panel-${tab}`} aria-labelledby={`invite-tab-${tab}`}>
        {tab === 0 ? (
          <form onSubmit={send} noValidate>
            <DialogContent>
              <Stack spacing={2.5}>
                {error && <Alert severity="error">{error}</Alert>}
                <TextField required label="First name" name="firstName" value={form.first_name} onChange={set('first_name')} fullWidth />
                <TextField required label="Last name" name="lastName" value={form.last_name} onChange={set('last_name')} fullWidth />
                <TextField required label="Email address" name="email" type="email" value={form.email} onChange={set('email')} fullWidth />
                <FormControl required fullWidth>
                  <InputLabel id="permission-label">Thoropass Permission level</InputLabel>
                  <Select
                    multiple
                    labelId="permission-label"
                    id="permission"
                    label="Thoropass Permission level"
                    value={form.roles}
                    onChange={set('roles')}
                    renderValue={(roles) => roles.map(roleWord).join(', ')}
                  >
                    {Object.keys(roleWords).map((r) => (
                      <MenuItem key={r} value={r}>
                        <ListItemText primary={roleWord(r)} />
                      </MenuItem>
                    ))}
                  </Select>
                </FormControl>
              </Stack>
            </DialogContent>
            <DialogActions sx={{ px: 3, pb: 2 }}>
              <Button onClick={onClose} disabled={busy}>
                Cancel
              </Button>
              <Button type="submit" variant="contained" disabled={busy || !ready}>
                Send Invite
              </Button>
            </DialogActions>
          </form>
        ) : (
          <>
            <DialogContent>
              <Typography sx={{ mb: 2 }}>Download the template, fill it in and import it. Rows may take minutes to appear.</Typography>
              <Button variant="outlined">Download Template</Button>
              <FormControlLabel sx={{ display: 'block', mt: 2 }} control={<Checkbox />} label="Email user invites after import" />
            </DialogContent>
            <DialogActions sx={{ px: 3, pb: 2 }}>
              <Button onClick={onClose}>Cancel</Button>
              <Button variant="contained" disabled>
                Get Started
              </Button>
            </DialogActions>
          </>
        )}
      </Box>
    </Dialog>
  );
}
