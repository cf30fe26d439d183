package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to make a database of a newer version

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// variant writes the rig's configuration with old replaced, and returns its path.
func (r *rig) variant(t *testing.T, name, old, instead string) string {
	t.Helper()
	b, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("the configuration has no %q:\n%s", old, b)
	}
	path := filepath.Join(filepath.Dir(r.config), name+".yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, instead, 1)), private); err != nil {
		t.Fatal(err)
	}
	return path
}

// put gives a file beside the configuration another content, and returns what it had.
func (r *rig) put(t *testing.T, name, content string) (had string) {
	t.Helper()
	b, err := os.ReadFile(r.file(name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.file(name), []byte(content), private); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refuses runs a command line that must fail with the exit code of the table, say what to do next,
// and leave nothing behind.
func (r *rig) refuses(t *testing.T, code flows.Code, says string, args ...string) {
	t.Helper()
	e := r.exits(t, flows.Table[code].Exit, args...)
	if !strings.Contains(e.err, says) || !strings.Contains(e.err, "\n  next: ") {
		t.Errorf("it does not say %q and what to do next:\n%s", says, e.err)
	}
	r.nothingLeft(t)
}

// untouched fails the test where a stand-in was changed, or asked to.
func (r *rig) untouched(t *testing.T) {
	t.Helper()
	for app := range r.at {
		r.wrote(t, app)
		if k := r.truth(t, app); len(k.Requests) > 0 {
			t.Errorf("%s was asked for %v", app, k.Requests)
		}
	}
}

//nolint:paralleltest,tparallel // its cases share a rig, and each looks that nothing is left there
func TestBadInputIsRefusedBeforeAnySignIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	write := []string{"deactivate", ana, "--yes", "--holdings", "leave"}
	config := func(path string) []string { return append([]string{"--config", path}, write...) }
	newer := r.copyDatabase(t, t.TempDir())
	insist(t, newer, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	noDatabase := filepath.Join(t.TempDir(), "notes.db")
	if err := os.WriteFile(noDatabase, []byte(strings.Repeat("These are notes and no database.\n", 200)), private); err != nil {
		t.Fatal(err)
	}
	stonly := "file:" + r.file("stonly.password")
	database := "database: " + r.database()
	for _, tt := range []struct {
		name, says string
		code       flows.Code
		args       []string
	}{
		{"an address without a domain", "address", flows.Invalid, []string{"deactivate", "ana.lopez", "--yes"}},
		{"two addresses in one", "address", flows.Invalid, []string{"deactivate", ana + "," + ana, "--yes"}},
		{"a connection that is none", "there is no connection", flows.Invalid, append(write, "--on", "slack")},
		{"malformed YAML", "malformed.yaml:", flows.Invalid, config(r.variant(t, "malformed", "connections:", "connections: ["))},
		{"an unknown key", `unknown field "workspaces"`, flows.Invalid, config(r.variant(t, "key", "workspace:", "workspaces:"))},
		{"a wrong app", `there is no app "slack"`, flows.Invalid, config(r.variant(t, "app", "app: stonly", "app: slack"))},
		{"a secret's file that is not there", "stonly.password", flows.Invalid, append(config(r.variant(t, "file", stonly, stonly+".not")), "--on", "stonly")},
		{"a secret's variable that is not set", "USHER_TEST_UNSET", flows.Invalid, append(config(r.variant(t, "env", stonly, "env:USHER_TEST_UNSET")), "--on", "stonly")},
		{"a database that is not there", "there is no", flows.Invalid, config(r.variant(t, "lost", database, database+".not"))},
		{"a database of a newer version", "version 999", flows.Invalid, config(r.variant(t, "newer", database, "database: "+newer))},
		{"a file that is no database", "not a database", flows.Invalid, config(r.variant(t, "notes", database, "database: "+noDatabase))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.refuses(t, tt.code, tt.says, tt.args...)
		})
	}
	r.untouched(t)
	for app := range r.at {
		if k := r.truth(t, app); k.SignIns+k.RefusedPasswords+k.RefusedCodes > 0 {
			t.Errorf("somebody signed in to %s", app)
		}
	}
	if had := version(t, newer); had != 999 {
		t.Errorf("the database of a newer version is of version %d now", had)
	}
}

// copyDatabase copies the rig's database, which nobody has open, into dir.
func (r *rig) copyDatabase(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(r.database())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, databaseName)
	if err := os.WriteFile(path, b, private); err != nil {
		t.Fatal(err)
	}
	return path
}

// insist changes a database behind usher's back.
func insist(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func version(t *testing.T, path string) (v int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	err = db.QueryRowContext(t.Context(), `SELECT max(version_id) FROM goose_db_version`).Scan(&v)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return v
}

// A wrong password is tried once. The second command does not try it again, nor does any other,
// until somebody says so or the password is another.
func TestAWrongPasswordIsTriedOnceUntilSomebodySaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	right := r.put(t, "stonly.password", "wrong horse\n")
	tried := func(want int) {
		t.Helper()
		if k := r.truth(t, "stonly"); k.RefusedPasswords != want || k.SignIns != 0 {
			t.Fatalf("%d passwords were refused and %d sign-ins made, want %d and 0", k.RefusedPasswords, k.SignIns, want)
		}
	}
	r.refuses(t, flows.LoginRefused, "refused the sign-in", "list", "stonly")
	tried(1)
	r.refuses(t, flows.LoginRefused, "not tried again", "list", "stonly")
	r.refuses(t, flows.LoginRefused, "not tried again", "deactivate", ana, "--on", "stonly", "--yes")
	tried(1)
	r.exits(t, 0, "unlock", "stonly")
	r.refuses(t, flows.LoginRefused, "refused the sign-in", "list", "stonly")
	tried(2)
	r.put(t, "stonly.password", right)
	r.exits(t, 0, "list", "stonly")
	r.untouched(t)
	r.exits(t, 0, "audit", "verify")
}

// A wrong second factor is tried in two time steps, and then no more.
func TestAWrongSecondFactorIsTriedTwiceAndNoMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(t, "thoropass.totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n")
	r.refuses(t, flows.LoginRefused, "refused the code twice", "list", "thoropass")
	r.refuses(t, flows.LoginRefused, "not tried again", "list", "thoropass")
	if k := r.truth(t, "thoropass"); k.RefusedCodes != 2 || k.SignIns != 0 || k.RefusedPasswords != 0 {
		t.Errorf("%d codes and %d passwords were refused and %d sign-ins made, want 2, 0 and 0", k.RefusedCodes, k.RefusedPasswords, k.SignIns)
	}
	r.put(t, "thoropass.totp", "this is no secret!\n")
	r.refuses(t, flows.Invalid, "no base32 secret", "list", "thoropass")
	if k := r.truth(t, "thoropass"); k.RefusedCodes != 2 {
		t.Errorf("%d codes were refused, want 2", k.RefusedCodes)
	}
	r.untouched(t)
}

// A console that is down is unreachable: nobody is "not there", and the order is done when the
// console is back.
func TestAConsoleThatIsDownIsUnreachable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(t, "stonly", "down")
	write := []string{"deactivate", ana, "--on", "stonly", "--yes", "--holdings", "leave"}
	r.refuses(t, flows.Unavailable, "unavailable", write...)
	r.untouched(t)
	r.fault(t, "stonly", "clear")
	r.exits(t, 0, write...)
	r.wrote(t, "stonly", "deactivate "+ana)
}

// ended returns the runs of the rig, of which none may be open.
func (r *rig) ended(t *testing.T, config string) []agent.Run {
	t.Helper()
	var runs []agent.Run
	e := r.exits(t, 0, "--config", config, "runs", "list", "--format", "json")
	if err := json.Unmarshal([]byte(e.out), &runs); err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		if run.Ended.IsZero() {
			t.Errorf("run %s has not ended", run.ID)
		}
	}
	return runs
}
