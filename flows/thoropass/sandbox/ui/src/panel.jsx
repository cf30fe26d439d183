// The panel of one user, and the dialog that confirms taking access away.
import { useCallback, useEffect, useState } from 'react';
import {
  Alert, Box, Button, Chip, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, Divider, Drawer, FormControl, IconButton, InputLabel,
  Link, MenuItem, Select, Skeleton, Stack, Typography,
} from '@mui/material';
import { api, fault, getFlags, struck, useFlags } from './api.js';
import { link } from './router.js';
import { removal, roleWord, roleWords, statusColor, statusOf, lastActive } from './words.js';
import { useToast } from './toast.jsx';
import { CloseIcon } from './icons.jsx';
import { Work } from './work.jsx';

export function UserPanel({ user, onClose, onChanged }) {
  return (
    <Drawer anchor="right" open={Boolean(user)} onClose={onClose} slotProps={{ paper: { component: 'aside', 'aria-label': 'User details', sx: { width: 480 } } }}>
      {user && <Details key={user.id} id={user.id} onClose={onClose} onChanged={onChanged} />}
    </Drawer>
  );
}

function Details({ id, onClose, onChanged }) {
  const flags = useFlags();
  const toast = useToast();
  const [user, setUser] = useState(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [confirming, setConfirming] = useState(false);
  const load = useCallback(
    () =>
      api('GET', `/users/${id}`)
        .then(setUser)
        .catch((e) => setError(e.message)),
    [id],
  );
  useEffect(() => {
    load();
  }, [load]);
  const act = async (verb, body, done) => {
    setBusy(true);
    try {
      await api('POST', `/users/${id}/${verb}`, body);
      toast(done);
      await load();
      onChanged();
    } catch (e) {
      toast(e.message, 'error');
    } finally {
      setBusy(false);
    }
  };
  const gone = removal[flags.release || 'deactivate'];
  return (
    <Box sx={{ p: 3, display: 'flex', flexDirection: 'column', gap: 2, minHeight: '100%' }}>
      <Stack direction="row" sx={{ justifyContent: 'flex-end' }}>
        <IconButton aria-label="Close" onClick={onClose}>
          <CloseIcon />
        </IconButton>
      </Stack>
      {error && <Alert severity="error">{error}</Alert>}
      {!user && !error && <Skeleton variant="rounded" height={240} />}
      {user && (
        <>
          <Box>
            <Typography variant="h5" component="h2" sx={{ overflowWrap: 'anywhere' }}>
              {user.name}
            </Typography>
            <Typography data-testid="panel-email" color="text.secondary" sx={{ overflowWrap: 'anywhere' }}>
              {user.email}
            </Typography>
          </Box>
          <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
            <Typography variant="body2">Status</Typography>
            <Chip size="small" variant="outlined" color={statusColor(user)} label={statusOf(user)} />
            <Typography variant="body2" color="text.secondary">
              Last active: {lastActive(user)}
            </Typography>
          </Stack>
          <Roles key={user.roles.join()} user={user} busy={busy} onSave={(roles) => act('roles', { roles }, 'Roles have been updated')} />
          <Divider />
          <Box>
            <Typography variant="subtitle1" component="h3">
              Assigned work
            </Typography>
            <Work id={user.id} />
            <Link {...link(`/evidence?assignee=${user.id}`)} variant="body2" sx={{ display: 'inline-block', mt: 1 }}>
              Review assigned work
            </Link>
          </Box>
          <Divider />
          <Stack spacing={1.5} sx={{ mt: 'auto' }}>
            {user.state !== 'deactivated' && (
              <Button variant="outlined" disabled={busy} onClick={() => act('reinvite', {}, `Invitation sent to ${user.email}`)}>
                Re-invite User
              </Button>
            )}
            {user.state !== 'deactivated' && (
              <Button variant="outlined" disabled={busy} onClick={() => act('reset_mfa', {}, 'MFA has been reset')}>
                Reset MFA
              </Button>
            )}
            {(user.state !== 'deactivated' || gone.verb === 'delete') && (
              <Covered>
                <Button fullWidth color="error" variant="outlined" disabled={busy || user.self} onClick={() => setConfirming(true)}>
                  {gone.label}
                </Button>
              </Covered>
            )}
          </Stack>
          <Confirm
            open={confirming}
            user={user}
            act={gone}
            onCancel={() => setConfirming(false)}
            onDone={(name) => {
              setConfirming(false);
              toast(gone.done(name));
              onChanged();
              onClose();
            }}
            onFailed={(message) => {
              setConfirming(false);
              toast(message, 'error');
            }}
          />
        </>
      )}
    </Box>
  );
}

// Covered lays the fault "overlay" over its children: it cannot be seen, and takes every click.
function Covered({ children }) {
  useFlags();
  return (
    <Box sx={{ position: 'relative' }}>
      {children}
      {fault('overlay') && <Box onClick={() => struck('overlay')} sx={{ position: 'absolute', inset: -4, opacity: 0, zIndex: 10 }} />}
    </Box>
  );
}

function Roles({ user, busy, onSave }) {
  const [roles, setRoles] = useState(user.roles);
  const [adding, setAdding] = useState(false);
  const rest = Object.keys(roleWords).filter((r) => !roles.includes(r));
  const dirty = roles.join() !== user.roles.join();
  return (
    <Box>
      <Typography variant="subtitle1" component="h3" sx={{ mb: 1 }}>
        Roles
      </Typography>
      <Stack direction="row" useFlexGap spacing={1} sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        {user.role_word && <Chip label={user.role_word} />}
        {!user.role_word &&
          roles.map((r) => <Chip key={r} label={roleWord(r)} onDelete={roles.length > 1 ? () => setRoles(roles.filter((x) => x !== r)) : undefined} />)}
        {!adding && (
          <Button size="small" onClick={() => setAdding(true)}>
            Add Role
          </Button>
        )}
      </Stack>
      {adding && (
        <FormControl size="small" fullWidth sx={{ mt: 1.5 }}>
          <InputLabel id="add-role-label">Role</InputLabel>
          <Select
            labelId="add-role-label"
            label="Role"
            value=""
            onChange={(e) => {
              setRoles([...roles, e.target.value]);
              setAdding(false);
            }}
          >
            {rest.map((r) => (
              <MenuItem key={r} value={r}>
                {roleWord(r)}
              </MenuItem>
            ))}
          </Select>
        </FormControl>
      )}
      {dirty && (
        <Button size="small" variant="contained" disabled={busy} onClick={() => onSave(roles)} sx={{ mt: 1.5 }}>
          Save
        </Button>
      )}
    </Box>
  );
}

function Confirm({ open, user, act, onCancel, onDone, onFailed }) {
  const [busy, setBusy] = useState(false);
  const [step, setStep] = useState(1);
  const [subject, setSubject] = useState(user);
  useEffect(() => {
    if (!open) return;
    setStep(1);
    setBusy(false);
    const other = fault('wrong_confirmation')?.others.find((u) => u.id !== user.id);
    setSubject(other ?? user);
    if (other) struck('wrong_confirmation');
  }, [open]); // eslint-disable-line -- whom it names is settled when it opens
  const press = async () => {
    if (step === 1 && fault('extra_step')) {
      setStep(2);
      struck('extra_step');
      return;
    }
    setBusy(true);
    try {
      await api('POST', `/users/${subject.id}/${act.verb}`, {});
      onDone(subject.name);
    } catch (e) {
      onFailed(e.message);
    }
  };
  return (
    <Dialog open={open} onClose={busy ? undefined : onCancel} aria-labelledby="confirm-title" aria-describedby="confirm-text">
      <DialogTitle id="confirm-title">{step === 1 ? `${act.label}?` : 'Reassign open work'}</DialogTitle>
      <DialogContent>
        <DialogContentText id="confirm-text" sx={{ overflowWrap: 'anywhere' }}>
          {step === 1 ? act.ask(`${subject.name} (${subject.email})`) : 'Choose who takes over the work of this user before you go on.'}
        </DialogContentText>
        {step === 2 && (
          <FormControl fullWidth sx={{ mt: 2 }}>
            <InputLabel id="reassign-label">New assignee</InputLabel>
            <Select labelId="reassign-label" label="New assignee" defaultValue="nobody">
              <MenuItem value="nobody">Nobody</MenuItem>
              <MenuItem value="me">Me</MenuItem>
            </Select>
          </FormControl>
        )}
      </DialogContent>
      <DialogActions>
        <Button onClick={onCancel} disabled={busy}>
          Cancel
        </Button>
        <Button color="error" variant="contained" onClick={press} disabled={busy}>
          {step === 1 ? act.label : 'Reassign and continue'}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
