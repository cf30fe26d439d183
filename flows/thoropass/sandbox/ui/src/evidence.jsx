// Open work of one person: where the panel's link leads.
import { useEffect, useState } from 'react';
import { Alert, Typography } from '@mui/material';
import { api } from './api.js';
import { Work } from './work.jsx';

export function Evidence() {
  const id = new URLSearchParams(window.location.search).get('assignee');
  const [user, setUser] = useState(null);
  const [error, setError] = useState('');
  useEffect(() => {
    api('GET', `/users/${encodeURIComponent(id)}`)
      .then(setUser)
      .catch((e) => setError(e.message));
  }, [id]);
  return (
    <>
      <Typography variant="h4" component="h1" sx={{ mb: 2 }}>
        Assigned work
      </Typography>
      {error && <Alert severity="error">{error}</Alert>}
      {user && (
        <Typography color="text.secondary" sx={{ mb: 2 }}>
          Open evidence requests and tasks assigned to {user.name} ({user.email})
        </Typography>
      )}
      {user && <Work id={user.id} />}
    </>
  );
}
