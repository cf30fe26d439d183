// What stands in the users table's columns, the same for every way of paging.
import { Box, Chip, Link, Typography } from '@mui/material';
import { accountRole, lastActive, rolesOf, statusColor, statusOf } from './words.js';

const Name = ({ user, onOpen }) => (
  <Link component="button" type="button" underline="hover" onClick={() => onOpen(user)} sx={{ textAlign: 'left', maxWidth: '100%', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', fontSize: 'inherit', verticalAlign: 'middle' }}>
    {user.name}
  </Link>
);

const Status = ({ user }) => <Chip size="small" variant="outlined" color={statusColor(user)} label={statusOf(user)} />;

export const columns = {
  workspace: [
    { field: 'name', header: 'Name', sort: 'name', flex: 1.4, cell: (u, onOpen) => <Name user={u} onOpen={onOpen} /> },
    { field: 'email', header: 'Email', sort: 'email', flex: 1.6, cell: (u) => u.email },
    { field: 'role', header: 'Role', flex: 1.2, cell: (u) => rolesOf(u) },
    { field: 'status', header: 'Status', sort: 'state', flex: 1, cell: (u) => <Status user={u} /> },
    { field: 'lastActive', header: 'Last active', sort: 'last_active', flex: 0.8, cell: (u) => lastActive(u) },
  ],
  account: [
    {
      field: 'user',
      header: 'User',
      sort: 'name',
      flex: 2,
      cell: (u, onOpen) => (
        <Box sx={{ lineHeight: 1.4, py: 0.5, minWidth: 0 }}>
          <Name user={u} onOpen={onOpen} />
          <Typography variant="caption" component="div" color="text.secondary" noWrap>
            {u.email}
          </Typography>
        </Box>
      ),
    },
    { field: 'status', header: 'Status', sort: 'state', flex: 1, cell: (u) => <Status user={u} /> },
    { field: 'role', header: 'Role', flex: 1, cell: (u) => accountRole(u) },
    { field: 'workspace', header: 'Workspace', flex: 0.6, cell: (u) => String(u.workspaces) },
    { field: 'lastActive', header: 'Last Active', sort: 'last_active', flex: 0.8, cell: (u) => lastActive(u) },
  ],
};
