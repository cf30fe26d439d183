package agent

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/flows"
)

// Accept keeps a person's word that an element of a sheet is the right one on the connection. It
// holds as long as the element's digest does.
func (a *Agent) Accept(ctx context.Context, connection, sheet, name, digest, by string) error {
	if _, _, _, err := a.connection(connection); err != nil {
		return err
	}
	if sheet == "" || name == "" || digest == "" {
		return flows.Errorf(flows.Invalid, "accept", "an acceptance names a sheet, an element and its digest")
	}
	acc := Acceptance{Connection: connection, Sheet: sheet, Name: name, Digest: digest, By: by, At: a.now()}
	err := a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.AddAcceptance(ctx, acc); err != nil {
			return err
		}
		return a.link(ctx, tx, Entry{Connection: connection, Kind: "accept", By: by},
			map[string]string{"sheet": sheet, "name": name, "digest": digest})
	})
	if err != nil {
		return fmt.Errorf("accept %s of %s on %s: %w", flows.Clean(name), flows.Clean(sheet), connection, err)
	}
	return nil
}

// Accepted returns what was accepted on the connection, the oldest first.
func (a *Agent) Accepted(ctx context.Context, connection string) ([]Acceptance, error) {
	return a.opt.Store.Acceptances(ctx, connection)
}

// Freeze turns the switch that stops every write, on every connection.
func (a *Agent) Freeze(ctx context.Context, on bool, by, why string) error {
	f := Freeze{On: on, By: by, Reason: flows.Clean(why), At: a.now()}
	err := a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.PutFreeze(ctx, f); err != nil {
			return err
		}
		if !on {
			err := a.resolve(ctx, tx, "", by, func(al Alert) bool {
				return al.Key == matter{connection: al.Connection, code: flows.Refused, guard: guardNameFreeze}.key()
			})
			if err != nil {
				return err
			}
		}
		return a.link(ctx, tx, Entry{Connection: Everywhere, Kind: "freeze", By: by}, map[string]any{"on": on, "why": f.Reason})
	})
	if err != nil {
		return fmt.Errorf("turn the freeze switch: %w", err)
	}
	return nil
}

// Frozen says how the switch stands.
func (a *Agent) Frozen(ctx context.Context) (Freeze, error) { return a.opt.Store.Freeze(ctx) }
