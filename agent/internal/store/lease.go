package store

import (
	"context"
	"time"

	"github.com/usherhq/usher/agent"
)

type leaseRow struct {
	Connection string `bun:"connection"`
	Holder     string `bun:"holder"`
	Host       string `bun:"host"`
	Boot       string `bun:"boot"`
	PID        int    `bun:"pid"`
	Born       string `bun:"born"`
	Doing      string `bun:"doing"`
	Taken      int64  `bun:"taken"`
	Expires    int64  `bun:"expires"`
}

const leaseColumns = `connection, holder, host, boot, pid, born, doing, taken, expires`

// TakeLease makes l the lease where none stands in its way, in one statement, so that of many who
// try one wins.
func (d *DB) TakeLease(ctx context.Context, l agent.Lease, dead string, now time.Time) (agent.Lease, bool, error) {
	n, err := d.exec(ctx, `INSERT INTO leases (`+leaseColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (connection) DO UPDATE SET holder = excluded.holder, host = excluded.host, boot = excluded.boot,
			pid = excluded.pid, born = excluded.born, doing = excluded.doing, taken = excluded.taken, expires = excluded.expires
		WHERE leases.expires < ? OR leases.holder = ?`,
		l.Connection, l.Holder, l.Host, l.Boot, l.PID, l.Born, l.Doing, ms(l.Taken), ms(l.Expires), ms(now), dead)
	if err != nil {
		return agent.Lease{}, false, explain(d.path, err)
	}
	if n == 1 {
		return l, true, nil
	}
	held, _, err := d.Lease(ctx, l.Connection)
	return held, false, err
}

// RenewLease moves the lease's end while the holder has it.
func (d *DB) RenewLease(ctx context.Context, connection, holder string, expires time.Time) (bool, error) {
	n, err := d.exec(ctx, `UPDATE leases SET expires = ? WHERE connection = ? AND holder = ?`, ms(expires), connection, holder)
	return n == 1, explain(d.path, err)
}

// DropLease gives the lease back; another holder's stays.
func (d *DB) DropLease(ctx context.Context, connection, holder string) error {
	_, err := d.exec(ctx, `DELETE FROM leases WHERE connection = ? AND holder = ?`, connection, holder)
	return explain(d.path, err)
}

// Lease returns the lease that stands, also where it has run out.
func (d *DB) Lease(ctx context.Context, connection string) (agent.Lease, bool, error) {
	l, ok, err := one[leaseRow](ctx, d.rows, `SELECT `+leaseColumns+` FROM leases WHERE connection = ?`, connection)
	return agent.Lease{
		Connection: l.Connection, Holder: l.Holder, Host: l.Host, Boot: l.Boot, PID: l.PID, Born: l.Born, Doing: l.Doing,
		Taken: at(l.Taken), Expires: at(l.Expires),
	}, ok, explain(d.path, err)
}
