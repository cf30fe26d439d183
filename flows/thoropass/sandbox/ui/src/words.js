// What the console calls things.
export const roleWords = {
  'account-admin': 'Account Admin',
  admin: 'Admin',
  'user-access-admin': 'User Access Admin',
  contributor: 'Contributor',
  'audit-contributor': 'Audit Contributor',
  viewer: 'Viewer',
  auditor: 'Auditor',
  'risk-owner': 'Risk Owner',
  salesperson: 'Salesperson',
};

export const roleWord = (r) => roleWords[r] ?? r;
export const rolesOf = (u) => u.role_word ?? u.roles.map(roleWord).join(', ');

// The account page shows one role, or that they differ between workspaces.
export const accountRole = (u) => u.role_word ?? (u.roles.length > 1 ? 'Multiple Roles' : roleWord(u.roles[0]));

export const statusWords = {
  active: 'Active',
  password_expired: 'Password Expired',
  invited: 'Invite Pending',
  invite_expired: 'Invite Expired',
  deactivated: 'Deactivated',
};
export const statusKey = (u) => (u.state === 'active' && u.password_expired ? 'password_expired' : u.state);
export const statusOf = (u) => u.status_word ?? statusWords[statusKey(u)];
export const statusColor = (u) =>
  ({ active: 'success', password_expired: 'warning', invited: 'info', invite_expired: 'default', deactivated: 'default' })[
    statusKey(u)
  ];

const day = new Intl.DateTimeFormat('en-US', { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' });
export const lastActive = (u) => (u.last_active ? day.format(new Date(u.last_active)) : 'Never');

// The label and the verb of the act that takes access away, by release.
export const removal = {
  deactivate: {
    verb: 'deactivate',
    label: 'Deactivate User',
    ask: (who) => `Are you sure you want to deactivate ${who}? They will no longer be able to log in to Thoropass.`,
    done: (name) => `${name} has been deactivated`,
  },
  delete: {
    verb: 'delete',
    label: 'Delete User',
    ask: (who) => `Are you sure you want to delete ${who}? This cannot be undone.`,
    done: (name) => `${name} has been deleted`,
  },
  revoke: {
    verb: 'revoke',
    label: 'Revoke Thoropass Access',
    ask: (who) => `Are you sure you want to revoke Thoropass access of ${who}? Their employment record is kept.`,
    done: (name) => `Access of ${name} has been revoked`,
  },
};
