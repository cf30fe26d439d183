package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// digestOf tells one set of secrets from another without keeping it.
func (a *Agent) digestOf(values map[string]secrets.Value) string {
	var names []string
	for n := range values {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, n := range names {
		b.WriteString(n + "=" + values[n].Digest(a.opt.DigestKey) + "\n")
	}
	return secrets.New(b.String()).Digest(a.opt.DigestKey)
}

// checkBreaker says no while the secrets are those that the console refused. It forgets a breaker
// whose secrets have changed since.
func (r *run) checkBreaker(ctx context.Context) error {
	b, ok, err := r.a.opt.Store.Breaker(ctx, r.conn.Name)
	if err != nil {
		return fmt.Errorf("look at the breaker: %w", err)
	}
	if !ok {
		return nil
	}
	if b.Digest == r.digest {
		return flows.Errorf(flows.LoginRefused, "sign in", "%s refused these secrets on %s (%s), and they are not tried again",
			r.app.Title, b.Opened.UTC().Format("2006-01-02 15:04"), b.Why).
			WithHint("set the right password, or, where the console was wrong, run `usher unlock %s`", r.conn.Name)
	}
	return r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.DropBreaker(ctx, r.conn.Name); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "breaker", Order: r.order.ID, Run: r.row.ID},
			map[string]string{"state": "closed", "why": "the secrets have changed"})
	})
}

// openBreaker keeps a refused sign-in from being tried again, by any order, after any restart.
func (r *run) openBreaker(ctx context.Context, cause error) error {
	why := r.clean(messageOf(cause))
	return r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		b := Breaker{Connection: r.conn.Name, Digest: r.digest, Run: r.row.ID, Why: why, Opened: r.a.now()}
		if err := tx.PutBreaker(ctx, b); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "breaker", Order: r.order.ID, Run: r.row.ID},
			map[string]string{"state": "open", "why": why})
	})
}

// Unlock closes the connection's breaker because a person says so. It returns false where none was
// open.
func (a *Agent) Unlock(ctx context.Context, connection, by string) (bool, error) {
	if _, _, _, err := a.connection(connection); err != nil {
		return false, err
	}
	open := false
	err := a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		b, ok, err := tx.Breaker(ctx, connection)
		if err != nil || !ok {
			return err
		}
		open = true
		if err := tx.DropBreaker(ctx, connection); err != nil {
			return err
		}
		if err := a.resolve(ctx, tx, connection, by, func(al Alert) bool { return al.Code == flows.LoginRefused }); err != nil {
			return err
		}
		return a.link(ctx, tx, Entry{Connection: connection, Kind: "unlock", Run: b.Run, By: by}, map[string]string{"why": b.Why})
	})
	if err != nil {
		return false, fmt.Errorf("unlock %s: %w", connection, err)
	}
	return open, nil
}
