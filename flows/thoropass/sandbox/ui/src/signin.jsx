// The sign-in's own origin: address and password, then the code on a screen of its own.
import { useEffect, useState } from 'react';
import { Alert, Box, Button, Checkbox, FormControlLabel, Link, Paper, Stack, TextField, Typography } from '@mui/material';
import { api, fault, useFlags } from './api.js';
import { go, usePath } from './router.js';

export function SignIn() {
  useFlags();
  const path = usePath();
  const [pending, setPending] = useState(null);
  useEffect(() => {
    if (path !== '/login' && !(path === '/login/verify' && pending)) go('/login', { replace: true });
  }, [path, pending]);
  if (fault('captcha')) return <Human />;
  if (path === '/login/verify' && pending) return <Code pending={pending} />;
  return <Password onCode={setPending} />;
}

function Card({ title, children }) {
  return (
    <Box component="main" sx={{ minHeight: '100vh', display: 'grid', placeItems: 'center', p: 2 }}>
      <Paper elevation={2} sx={{ p: 5, width: 420 }}>
        <Typography variant="h6" color="primary" sx={{ fontWeight: 700, mb: 3 }}>
          thoropass
        </Typography>
        <Typography variant="h5" component="h1" sx={{ mb: 3 }}>
          {title}
        </Typography>
        {children}
      </Paper>
    </Box>
  );
}

function follow(answer) {
  if (answer.next === 'handover') window.location.assign(answer.url);
}

function Password({ onCode }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (e) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      const answer = await api('POST', '/sign-in', { email, password });
      if (answer.next === 'code') {
        onCode(answer.pending);
        go('/login/verify');
        return;
      }
      follow(answer);
    } catch (err) {
      setPassword('');
      setError(err.message);
      setBusy(false);
    }
  };
  return (
    <Card title="Log in to your account">
      <Stack component="form" noValidate spacing={2.5} onSubmit={submit}>
        {error && <Alert severity="error">{error}</Alert>}
        <TextField label="Email" name="email" type="email" autoComplete="username" value={email} onChange={(e) => setEmail(e.target.value)} fullWidth />
        <TextField label="Password" name="password" type="password" autoComplete="current-password" value={password} onChange={(e) => setPassword(e.target.value)} fullWidth />
        <Button type="submit" variant="contained" size="large" disabled={busy || !email || !password}>
          Log in
        </Button>
        <Link href="#forgot" variant="body2" onClick={(e) => e.preventDefault()}>
          Forgot your password?
        </Link>
      </Stack>
    </Card>
  );
}

function Code({ pending }) {
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const submit = async (e) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      follow(await api('POST', '/sign-in/code', { pending, code }));
    } catch (err) {
      setCode('');
      setError(err.message);
      setBusy(false);
    }
  };
  return (
    <Card title="Two-factor authentication">
      <Stack component="form" noValidate spacing={2.5} onSubmit={submit}>
        <Typography color="text.secondary">Enter the 6-digit code from your authenticator app.</Typography>
        {error && <Alert severity="error">{error}</Alert>}
        <TextField
          label="Verification code"
          name="code"
          autoComplete="one-time-code"
          value={code}
          onChange={(e) => setCode(e.target.value.replace(/\D/g, '').slice(0, 6))}
          slotProps={{ htmlInput: { inputMode: 'numeric', maxLength: 6 } }}
          fullWidth
        />
        <Button type="submit" variant="contained" size="large" disabled={busy || code.length !== 6}>
          Verify
        </Button>
        <Link href="#recovery" variant="body2" onClick={(e) => e.preventDefault()}>
          Use a recovery key
        </Link>
      </Stack>
    </Card>
  );
}

function Human() {
  return (
    <Card title="Verify you are human">
      <Typography color="text.secondary" sx={{ mb: 2 }}>
        We need to check that this request comes from a person before you can log in.
      </Typography>
      <Paper variant="outlined" sx={{ p: 2 }}>
        <FormControlLabel control={<Checkbox />} label="I'm not a robot" />
      </Paper>
    </Card>
  );
}
