// What stands around every page after sign-in: the left navigation, the workspace's name, the profile.
import { useEffect, useState } from 'react';
import {
  Avatar, Box, Button, ButtonBase, CircularProgress, Collapse, Divider, Link, List, ListItemButton, ListItemText, Menu, MenuItem, Typography,
} from '@mui/material';
import { api, fault, getFlags, keepToken, struck, toSignIn, token, useFlags } from './api.js';
import { go, link, usePath } from './router.js';
import { Users } from './users.jsx';
import { People } from './people.jsx';
import { Evidence } from './evidence.jsx';

export function Shell() {
  const path = usePath();
  const [me, setMe] = useState(null);
  const [error, setError] = useState('');
  const callback = path === '/auth/callback';
  useEffect(() => {
    let gone = false;
    const enter = async () => {
      if (callback) {
        const ticket = new URLSearchParams(window.location.search).get('ticket');
        const { csrf } = await api('POST', '/session', { ticket }).catch(toSignIn);
        keepToken(csrf);
        go(getFlags().users_page === 'account' ? '/account' : '/dashboard', { replace: true });
        return;
      }
      if (!token()) {
        await toSignIn();
        return;
      }
      if (path === '/') go(getFlags().users_page === 'account' ? '/account' : '/dashboard', { replace: true });
      const answer = await api('GET', '/me');
      if (!gone) setMe(answer);
    };
    enter().catch((e) => !gone && setError(e.message));
    return () => {
      gone = true;
    };
  }, [callback]); // eslint-disable-line -- once, and again after the hand-over
  if (error) {
    return (
      <Box sx={{ minHeight: '100vh', display: 'grid', placeContent: 'center', gap: 2, textAlign: 'center' }}>
        <Typography variant="h5" component="h1">
          {error}
        </Typography>
        <Button onClick={() => window.location.reload()}>Reload</Button>
      </Box>
    );
  }
  if (!me) {
    return (
      <Box sx={{ minHeight: '100vh', display: 'grid', placeItems: 'center' }}>
        <CircularProgress aria-label="Loading" />
      </Box>
    );
  }
  return (
    <Box sx={{ display: 'flex', minHeight: '100vh' }}>
      <Side me={me} path={path} />
      <Box component="main" sx={{ flex: 1, minWidth: 0, p: 4 }}>
        <HiddenBanner />
        <Page path={path} me={me} />
      </Box>
    </Box>
  );
}

function Page({ path, me }) {
  const account = getFlags().users_page === 'account';
  if (path === '/settings/users') return <Users surface="workspace" />;
  if (path === '/company/people') return <People />;
  if (path === '/evidence') return <Evidence />;
  if (account && path === '/account/users') return <Users surface="account" />;
  if (account && path === '/account') return <Plain title="Account Dashboard">Workspaces: {me.workspace}</Plain>;
  if (path === '/dashboard') return <Plain title={`Welcome back, ${me.user.first_name}`}>Nothing needs your attention today.</Plain>;
  return <Plain title="Page not found">There is nothing here.</Plain>;
}

function Plain({ title, children }) {
  return (
    <>
      <Typography variant="h4" component="h1" sx={{ mb: 2 }}>
        {title}
      </Typography>
      <Typography color="text.secondary">{children}</Typography>
    </>
  );
}

function HiddenBanner() {
  useFlags();
  const f = fault('hidden_error_banner');
  useEffect(() => {
    if (f) struck('hidden_error_banner');
  }, [Boolean(f)]); // eslint-disable-line
  if (!f) return null;
  return (
    <Box role="alert" className="error-banner" sx={{ position: 'absolute', height: 0, opacity: 0, overflow: 'hidden' }}>
      {f.text || 'Error: something went wrong while loading users'}
    </Box>
  );
}

function Side({ me, path }) {
  const account = getFlags().users_page === 'account';
  return (
    <Box
      component="nav"
      aria-label="Main navigation"
      sx={{ width: 260, flexShrink: 0, bgcolor: '#14123a', color: '#fff', display: 'flex', flexDirection: 'column', position: 'sticky', top: 0, height: '100vh' }}
    >
      <Box sx={{ p: 3, pb: 2 }}>
        <Typography sx={{ fontWeight: 700 }}>thoropass</Typography>
        <Typography variant="body2" data-testid="workspace-name" sx={{ opacity: 0.8, overflowWrap: 'anywhere' }}>
          {me.workspace}
        </Typography>
      </Box>
      <Divider sx={{ borderColor: 'rgba(255,255,255,.15)' }} />
      <List component="div" sx={{ flex: 1 }}>
        {account && <Item path={path} to="/account" label="Account Dashboard" />}
        {account && <Item path={path} to="/account/users" label="User Management" />}
        <Item path={path} to="/dashboard" label="Dashboard" />
        <Group path={path} under="/company" label="Company">
          <Item path={path} to="/company/people" label="People" deep />
        </Group>
        <Group path={path} under="/settings" label="Settings">
          <Item path={path} to="/settings/users" label="Users" deep />
        </Group>
      </List>
      <Divider sx={{ borderColor: 'rgba(255,255,255,.15)' }} />
      <Profile me={me} account={account} />
    </Box>
  );
}

function Item({ path, to, label, deep }) {
  return (
    <ListItemButton component="a" {...link(to)} selected={path === to} aria-current={path === to ? 'page' : undefined} sx={{ pl: deep ? 5 : 3 }}>
      <ListItemText primary={label} />
    </ListItemButton>
  );
}

function Group({ path, under, label, children }) {
  const [open, setOpen] = useState(path.startsWith(under));
  return (
    <>
      <ListItemButton onClick={() => setOpen(!open)} aria-expanded={open} sx={{ pl: 3 }}>
        <ListItemText primary={label} />
      </ListItemButton>
      <Collapse in={open} unmountOnExit>
        {children}
      </Collapse>
    </>
  );
}

function Profile({ me, account }) {
  const [anchor, setAnchor] = useState(null);
  const signOut = async () => {
    await api('POST', '/sign-out', {});
    await toSignIn();
  };
  return (
    <>
      <Box sx={{ p: 2, gap: 1.5, display: 'flex', alignItems: 'center' }}>
        <ButtonBase aria-label="Profile menu" aria-haspopup="menu" onClick={(e) => setAnchor(e.currentTarget)} sx={{ borderRadius: '50%' }}>
          <Avatar sx={{ width: 36, height: 36 }}>{me.user.first_name[0]}</Avatar>
        </ButtonBase>
        <Box sx={{ minWidth: 0 }}>
          <Typography variant="body2" noWrap>
            {me.user.name}
          </Typography>
          <Typography variant="caption" component="div" noWrap data-testid="profile-email" sx={{ opacity: 0.8 }}>
            {me.user.email}
          </Typography>
        </Box>
      </Box>
      <Menu anchorEl={anchor} open={Boolean(anchor)} onClose={() => setAnchor(null)}>
        {account && (
          <MenuItem component={Link} {...link('/account')} underline="none">
            Account Dashboard
          </MenuItem>
        )}
        <MenuItem onClick={signOut}>Log out</MenuItem>
      </Menu>
    </>
  );
}
