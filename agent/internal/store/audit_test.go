package store_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

const (
	planted = "pl4nted/secret+value=&"
	totp    = "JBSWY3DPEHPK3PXP"
	cookie  = "session-cookie-0123456789"
)

// leaky is a console that writes its secrets wherever a flow can write.
type leaky struct{ env flows.Env }

func leak(s string) string {
	return strings.Join([]string{"a " + s + " b", base64.StdEncoding.EncodeToString([]byte(s)), url.QueryEscape(s), hex.EncodeToString([]byte(s))}, " ")
}

func (l leaky) account() flows.Account {
	return flows.Account{
		ID: "1", Email: "ana@example.com", Name: leak(planted), Roles: []string{"member"}, State: flows.Active,
		LastSeen: leak(totp), Words: map[string]string{"status": leak(planted)},
	}
}

func (l leaky) List(context.Context) (*flows.Roster, error) {
	r := &flows.Roster{Sheet: "v1", Accounts: []flows.Account{l.account()}, Notes: []string{leak(planted)}}
	r.Witnesses = []flows.Witness{{Name: "total", Independent: true, Applies: true, Agrees: true, Says: leak(totp)}}
	r.Judge(true)
	return r, nil
}

func (l leaky) Find(context.Context, string) ([]flows.Account, error) {
	return []flows.Account{l.account()}, nil
}

func (l leaky) Invite(context.Context, flows.Person) (flows.Outcome, error) {
	return flows.Outcome{}, errors.New("not asked for")
}

func (l leaky) Deactivate(ctx context.Context, who flows.Account) (flows.Outcome, error) {
	if err := l.env.Pressing(ctx, flows.Press{Verb: "deactivate", Subject: who.Email, Element: leak(planted)}); err != nil {
		return flows.Outcome{}, err
	}
	who.State = flows.Deactivated
	return flows.Outcome{Kind: flows.Done, Account: &who, Seen: leak(planted)}, nil
}

func (l leaky) Check(context.Context) ([]flows.Finding, error) {
	return nil, fmt.Errorf("look: %s", leak(planted))
}

func (l leaky) Close() error { return nil }

func (l leaky) Holdings(context.Context, flows.Account) ([]flows.Holding, string, bool, error) {
	return []flows.Holding{{Kind: "task", Title: leak(planted)}}, "https://x.example/?t=" + url.QueryEscape(planted), true, nil
}

func house(t *testing.T) (*agent.Agent, *store.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usher.db")
	db := open(t, path)
	key, err := secrets.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	id, err := secrets.ParseIdentity(key)
	if err != nil {
		t.Fatal(err)
	}
	box, err := secrets.NewBox(id)
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.New(agent.Options{
		Store: db, Box: box, DigestKey: box.MAC("test"),
		Apps: []flows.App{{Name: "acme", Title: "Acme", Roles: []string{"member"}, Ways: []flows.Way{{
			Name: "browser", Can: []string{"list", "deactivate"},
			Secrets: []flows.SecretSpec{{Name: "user", Public: true}, {Name: "password"}, {Name: "totp"}},
			Open: func(ctx context.Context, env flows.Env) (flows.Console, error) {
				if err := env.Sessions.SaveSession(ctx, secrets.New(cookie)); err != nil {
					return nil, err
				}
				for _, s := range []string{planted, totp} {
					step := flows.Step{Name: leak(s), Element: leak(s), Selector: leak(s), Note: leak(s), Picture: []byte("PNG " + cookie)}
					if err := env.Record.Record(ctx, step); err != nil {
						return nil, err
					}
				}
				return leaky{env}, nil
			},
		}}}},
		Connections: []flows.Connection{{Name: "acme", App: "acme", Holdings: "leave", Secrets: map[string]string{"user": "usher@example.com", "password": planted, "totp": totp}}},
		Secrets:     func(_ context.Context, ref string) (secrets.Value, error) { return secrets.New(ref), nil },
		Sheets:      func(string) (*selectors.Set, error) { return nil, nil }, //nolint:nilnil // this app has no sheet
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, db, path
}

// worked is a house in which every verb was done once.
func worked(t *testing.T) (*agent.Agent, string, string) {
	t.Helper()
	a, _, path := house(t)
	ctx := zerolog.Nop().WithContext(t.Context())
	said := ""
	for _, o := range []agent.Order{{Verb: agent.List}, {Verb: agent.Deactivate, Subject: "ana@example.com"}, {Verb: agent.Check}} {
		o.Connection, o.By, o.Source = "acme", "kim", "test"
		res, err := a.Do(ctx, o)
		if (err != nil) != (o.Verb == agent.Check) {
			t.Fatalf("%s: %v", o.Verb, err)
		}
		said += fmt.Sprintf("%+v %+v %+v %v\n", res, res.Plan, res.Roster, err)
	}
	return a, path, said
}

// dump returns every cell of every table.
func dump(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	texts := func(query string) []string {
		t.Helper()
		found, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := found.Close(); err != nil {
				t.Error(err)
			}
		}()
		columns, err := found.Columns()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for found.Next() {
			cells, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range cells {
				into[i] = &cells[i]
			}
			if err := found.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for _, c := range cells {
				if b, ok := c.([]byte); ok {
					c = string(b)
				}
				out = append(out, fmt.Sprint(c))
			}
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := map[string]string{}
	for _, name := range texts(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`) {
		out[name] = strings.Join(texts(`SELECT * FROM `+name), "\n")
	}
	return out
}

func TestNoSecretLiesInTheDatabaseOrInWhatIsSaid(t *testing.T) {
	t.Parallel()
	_, path, said := worked(t)
	tables := dump(t, path)
	for _, name := range []string{"steps", "plans", "presses", "snapshots", "runs", "audit"} {
		if !strings.Contains(tables[name], "[secret]") && name != "audit" {
			t.Errorf("nothing is masked in %s, so this test does not reach it: %q", name, tables[name])
		}
	}
	if tables["sessions"] == "" || tables["pictures"] == "" {
		t.Error("no session or no picture is kept, so this test does not reach them")
	}
	tables["what Do returned"] = said
	for where, text := range tables {
		for _, secret := range []string{planted, totp, cookie} {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret), hex.EncodeToString([]byte(secret))} {
				if strings.Contains(text, form) {
					t.Errorf("%q lies in %s", form, where)
				}
			}
		}
	}
}

func TestTheChainShowsWhatWasDoneToIt(t *testing.T) {
	t.Parallel()
	const noTriggers = `DROP TRIGGER audit_update; DROP TRIGGER audit_delete; DROP TRIGGER steps_update; DROP TRIGGER steps_delete;`
	for _, c := range []struct {
		name, sql string
		seq       int64
	}{
		{"a word changed", `UPDATE audit SET body = replace(body, 'ana@', 'bob@') WHERE kind = 'order' AND seq > 1`, 0},
		{"a time moved", `UPDATE audit SET at = at + 1 WHERE seq = 3`, 3},
		{"another person", `UPDATE audit SET by_whom = 'lou' WHERE seq = 1`, 1},
		{"another order", `UPDATE audit SET order_id = 'x' WHERE seq = 2`, 2},
		{"broken JSON", `UPDATE audit SET body = '{' WHERE seq = 4`, 4},
		{"an entry cut out", `DELETE FROM audit WHERE seq = 3`, 3},
		{"the first cut off", `DELETE FROM audit WHERE seq = 1`, 1},
		{"the tail cut off", `DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)`, 0},
		{"two in another order", `UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = -2`, 2},
		{"all of it gone", `DELETE FROM audit`, 1},
		{"its head gone", `DELETE FROM heads`, 0},
		{"a step changed", `UPDATE steps SET note = 'nothing to see' WHERE seq = 1`, 0},
		{"a step gone", `DELETE FROM steps WHERE seq = 2`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, path, _ := worked(t)
			audit, err := a.VerifyAudit(t.Context())
			if err != nil || audit.Broken != nil || audit.Entries < 10 {
				t.Fatalf("before: %+v, %v", audit, err)
			}
			raw(t, path, noTriggers, c.sql)
			audit, err = a.VerifyAudit(t.Context())
			if err != nil || audit.Broken == nil {
				t.Fatalf("it does not show: %+v, %v", audit, err)
			}
			if c.seq != 0 && audit.Broken.Seq != c.seq {
				t.Errorf("it shows at %d (%s), want %d", audit.Broken.Seq, audit.Broken.Why, c.seq)
			}
		})
	}
}

func TestAHeadKeptElsewhereShowsATailThatWasCutWithItsHead(t *testing.T) {
	t.Parallel()
	a, path, _ := worked(t)
	kept, err := a.Heads(t.Context())
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	raw(t, path, `DROP TRIGGER audit_delete`, `DELETE FROM audit WHERE seq > 5`,
		`UPDATE heads SET seq = 5, hash = (SELECT hash FROM audit WHERE seq = 5)`)
	audit, err := a.VerifyAudit(t.Context())
	if err != nil || audit.Broken != nil {
		t.Fatalf("the rest of the chain: %+v, %v", audit, err)
	}
	audit, err = a.VerifyAuditSince(t.Context(), kept)
	if err != nil || audit.Broken == nil {
		t.Errorf("the head that was kept does not show it: %+v, %v", audit, err)
	}
}
