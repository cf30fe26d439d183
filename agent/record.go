package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// recordWithin bounds what is written down after a run's context has ended.
const recordWithin = 15 * time.Second

// Record keeps a step as it happens: masked, its picture sealed. It still records when ctx has
// ended, for the last step before a failure is the one that tells most.
func (r *run) Record(ctx context.Context, s flows.Step) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	row := StepRow{Run: r.row.ID, Seq: r.row.Steps + 1, Step: flows.Step{
		At: s.At.UTC().Truncate(time.Millisecond), Took: s.Took, Failed: s.Failed,
		Name: r.clean(s.Name), Element: r.clean(s.Element), Selector: r.clean(s.Selector), Note: r.clean(s.Note),
	}}
	if s.At.IsZero() {
		row.At = r.a.now()
	}
	var sealed []byte
	if len(s.Picture) > 0 {
		sum := sha256.Sum256(s.Picture)
		row.Picture = hex.EncodeToString(sum[:])
		var err error
		if sealed, err = r.a.opt.Box.Seal(s.Picture); err != nil {
			return fmt.Errorf("seal a picture: %w", err)
		}
	}
	digest, err := evidence(r.row.Evidence, row)
	if err != nil {
		return err
	}
	err = r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if sealed != nil {
			if err := tx.AddPicture(ctx, row.Picture, sealed, row.At); err != nil {
				return err
			}
		}
		return tx.AddStep(ctx, row)
	})
	if err != nil {
		return fmt.Errorf("record step %q: %w", row.Name, err)
	}
	r.row.Steps, r.row.Evidence = row.Seq, digest
	return nil
}

// clean makes a string fit to be kept: without the run's secrets, and harmless.
func (r *run) clean(s string) string {
	if r.mask != nil {
		s = r.mask.String(s)
	}
	return flows.Clean(s)
}

// masked rewrites every string in v, which points to what JSON can carry, without the run's secrets.
func (r *run) masked(v any) error {
	if r.mask == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("mask: %w", err)
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return fmt.Errorf("mask: %w", err)
	}
	if b, err = json.Marshal(maskAll(tree, r.mask.String)); err != nil {
		return fmt.Errorf("mask: %w", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("mask: %w", err)
	}
	return nil
}

func maskAll(v any, mask func(string) string) any {
	switch v := v.(type) {
	case string:
		return mask(v)
	case []any:
		for i := range v {
			v[i] = maskAll(v[i], mask)
		}
	case map[string]any:
		for k := range v {
			v[k] = maskAll(v[k], mask)
		}
	}
	return v
}

// cleanErr returns err as a person may see it: an Error with its code, and no secret in its words.
func (r *run) cleanErr(err error) error {
	if err == nil {
		return nil
	}
	e := &flows.Error{Code: flows.CodeOf(err), Msg: r.clean(messageOf(err)), Hint: r.clean(flows.HintOf(err))}
	if in, ok := errors.AsType[*flows.Error](err); ok {
		e.Op, e.After = r.clean(in.Op), in.After
	}
	if e.Hint == "" {
		e.Hint = hintFor(e.Code, r.conn, r.row)
	}
	return e
}

// messageOf is what is wrong, with whatever wraps it, and without the codes: the outermost is said
// elsewhere, and those inside it would be read as part of the sentence.
func messageOf(err error) string {
	text := err.Error()
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if e, ok := inner.(*flows.Error); ok { //nolint:errorlint // each of the chain in its turn
			text = strings.Replace(text, e.Error(), e.Msg, 1)
		}
	}
	return text
}

// hintFor is what to do where the error itself does not say.
func hintFor(code flows.Code, c flows.Connection, row Run) string {
	evidence := "look at the steps: `usher runs show " + row.ID + "`"
	switch code {
	case flows.LoginRefused:
		return "check the secrets: `usher secrets check`, then `usher unlock " + c.Name + "`"
	case flows.Challenge:
		return "sign in to " + c.URL + " by hand as usher's account and answer it"
	case flows.WrongTenant:
		return "check the address and the workspace of " + c.Name + " in the configuration"
	case flows.Drift:
		return "run `usher check " + c.Name + "`, and " + evidence
	case flows.Unavailable, flows.SessionLost:
		return "order again later; " + evidence
	case flows.NotFound:
		return "check the address; `usher list " + c.Name + "` shows who is there"
	case flows.Unverified:
		return "look at the account in " + c.URL + " yourself; the same order again looks first and does not press blindly"
	default:
		return evidence
	}
}

// keeper keeps the connection's session, sealed.
type keeper struct {
	a          *Agent
	connection string
}

var _ flows.SessionKeeper = keeper{}

// LoadSession returns the kept session. One that cannot be opened (the key has changed) is as good
// as none: signing in anew is safe.
func (k keeper) LoadSession(ctx context.Context) (secrets.Value, error) {
	sealed, ok, err := k.a.opt.Store.Session(ctx, k.connection)
	if err != nil || !ok {
		return secrets.Value{}, err
	}
	plain, err := k.a.opt.Box.Open(sealed)
	if err != nil {
		return secrets.Value{}, k.a.opt.Store.DropSession(ctx, k.connection)
	}
	return secrets.NewBytes(plain), nil
}

// SaveSession seals the session and keeps it.
func (k keeper) SaveSession(ctx context.Context, session secrets.Value) error {
	sealed, err := k.a.opt.Box.Seal([]byte(session.Reveal()))
	if err != nil {
		return fmt.Errorf("seal the session: %w", err)
	}
	return k.a.opt.Store.PutSession(ctx, k.connection, sealed, k.a.now())
}

// DropSession forgets the session.
func (k keeper) DropSession(ctx context.Context) error {
	return k.a.opt.Store.DropSession(ctx, k.connection)
}

// ledger remembers the TOTP steps.
type ledger struct{ a *Agent }

var _ flows.CodeLedger = ledger{}

// UseCode claims the time step for the account.
func (l ledger) UseCode(ctx context.Context, account string, step int64) (bool, error) {
	return l.a.opt.Store.UseCode(ctx, account, step, l.a.now())
}
