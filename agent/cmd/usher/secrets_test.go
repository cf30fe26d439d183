package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// What usher signs in with, and what the consoles gave it for that, stands nowhere but where it
// belongs: not in what is said or logged, in no row of the database, opened or sealed, in no
// evidence, no exported page, and in no process' arguments.
func TestSecretsStandNowhere(t *testing.T) {
	t.Parallel()
	s := &search{rig: newRig(t), kept: map[string]string{}, seen: map[string]bool{}}
	s.watch(t)
	s.secret(t, "stonly.password", "thoropass.password", "thoropass.totp", "spekit.token", "spekit.rest_token")

	s.does(t, 0, "list", "stonly", "thoropass", "spekit", "--format", "json")
	s.does(t, 0, "check", "spekit")
	for app, role := range map[string]string{"stonly": "member", "thoropass": "viewer", "spekit": "user"} {
		s.does(t, 0, "invite", app, "nina.new@example.com", "--role", role, "--first", "Nina", "--last", "New", "--yes", "--format", "json")
	}
	s.does(t, 0, "deactivate", ana, "--yes", "--holdings", "leave", "--format", "json")
	s.does(t, 0, "deactivate", ana, "--on", "stonly", "--yes")

	// The kept sessions end, and the secrets are wrong ones: nearly right, as a mistyped one is.
	for app, name := range map[string]string{"stonly": "stonly.password", "thoropass": "thoropass.totp", "spekit": "spekit.token"} {
		if app != "spekit" { // which has no session
			s.fault(t, app, "session_drop")
		}
		right := strings.TrimSpace(s.put(t, name, ""))
		s.put(t, name, "QQQQ"+right[4:]+"\n")
		s.secret(t, name)
		s.does(t, flows.Table[flows.LoginRefused].Exit, "list", app)
	}
	s.export(t)

	s.stop()
	rows := s.rows(t)
	all := slices.Concat(s.said, rows, s.processes())
	hidden := s.hidden(t)
	if len(all) < 40 || len(hidden) < 8 || len(s.codes) < 3 {
		t.Fatalf("only %d things were looked at for %d secrets, of which %d are codes", len(all), len(hidden), len(s.codes))
	}
	for _, found := range leaks(all, hidden) {
		t.Error(found)
	}
	// The same search finds what is planted.
	canary := artifact{"a canary", []byte(`{"note":"typed ` + hidden[0].value + `"}`)}
	if len(leaks([]artifact{canary}, hidden[:1])) == 0 {
		t.Error("the search does not even find a canary")
	}
	t.Logf("%d things were searched for %d secrets", len(all), len(hidden))
}

// A search collects what usher says and leaves, and what must not stand in it.
type search struct {
	*rig
	said  []artifact
	plain []planted
	kept  map[string]string // values of kept sessions: value -> where
	codes []planted
	step  int64 // the last of which codes has the code

	mu   sync.Mutex
	seen map[string]bool // command lines and environments
	stop func()
}

// secret plants the content of files beside the configuration.
func (s *search) secret(t *testing.T, files ...string) {
	t.Helper()
	for _, name := range files {
		b, err := os.ReadFile(s.file(name))
		if err != nil {
			t.Fatal(err)
		}
		s.plain = append(s.plain, planted{name, strings.TrimSpace(string(b))})
	}
}

// does runs usher with all that it can log, keeps what it says, and looks at the sessions it keeps.
func (s *search) does(t *testing.T, code int, args ...string) {
	t.Helper()
	e := s.exits(t, code, append([]string{"--log-level", "trace"}, args...)...)
	name := "usher " + strings.Join(args, " ")
	s.said = append(s.said, artifact{"standard output of " + name, []byte(e.out)}, artifact{"standard error of " + name, []byte(e.err)})
	s.sessions(t)
	s.used(t)
}

// sessions opens the kept sessions and learns their cookies and tokens.
func (s *search) sessions(t *testing.T) {
	t.Helper()
	db := s.open(t)
	for app := range s.at {
		sealed, ok, err := db.Session(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		plain, err := s.box(t).Open(sealed)
		if err != nil {
			t.Fatal(err)
		}
		s.learn(t, app, plain)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// learn takes what looks like a token from a kept session.
func (s *search) learn(t *testing.T, app string, plain []byte) {
	t.Helper()
	var kept struct {
		Cookies []struct{ Name, Value string }
		Places  map[string]struct{ Local, Session map[string]string }
	}
	if err := json.Unmarshal(plain, &kept); err != nil {
		t.Fatal(err)
	}
	add := func(what, value string) {
		if len(value) >= 16 {
			s.kept[value] = app + "'s " + what
		}
	}
	for _, c := range kept.Cookies {
		add("cookie "+c.Name, c.Value)
	}
	for _, place := range kept.Places {
		for name, value := range place.Local {
			add("stored "+name, value)
		}
		for name, value := range place.Session {
			add("stored "+name, value)
		}
	}
}

// hidden is all that must stand nowhere.
func (s *search) hidden(t *testing.T) []planted {
	t.Helper()
	all := slices.Clone(s.plain)
	for _, value := range slices.Sorted(maps.Keys(s.kept)) {
		all = append(all, planted{s.kept[value], value})
	}
	for _, app := range []string{"stonly", "thoropass"} {
		if !slices.ContainsFunc(all, func(p planted) bool { return strings.HasPrefix(p.name, app+"'s cookie") }) {
			t.Errorf("no session of %s was kept", app)
		}
	}
	return append(all, s.codes...)
}

// used learns the one-time codes of the time steps that the ledger says were used since the last
// look, by the secret that was the connection's then.
func (s *search) used(t *testing.T) {
	t.Helper()
	last := s.lastStep(t)
	if s.step == 0 {
		s.step = last - 1
	}
	for ; s.step < last; s.step++ {
		code, err := totp.GenerateCode(s.rig.secret(t, "thoropass.totp"), time.Unix(30*(s.step+1), 0))
		if err != nil {
			t.Fatal(err)
		}
		s.codes = append(s.codes, planted{fmt.Sprintf("the code of step %d", s.step+1), code})
	}
}

// box opens what is sealed in the database.
func (s *search) box(t *testing.T) secrets.Box {
	t.Helper()
	key, err := os.ReadFile(s.file("key"))
	if err != nil {
		t.Fatal(err)
	}
	id, err := secrets.ParseIdentity(secrets.NewBytes(key))
	if err != nil {
		t.Fatal(err)
	}
	box, err := secrets.NewBox(id)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// export exports every run, and all else that tells of the past.
func (s *search) export(t *testing.T) {
	t.Helper()
	var runs []struct{ ID, Order string }
	if err := json.Unmarshal([]byte(s.exits(t, 0, "runs", "list", "--format", "json").out), &runs); err != nil || len(runs) < 8 {
		t.Fatalf("read the runs: %v, %d", err, len(runs))
	}
	for _, run := range runs {
		page := filepath.Join(t.TempDir(), run.ID+".html")
		s.does(t, 0, "runs", "export", run.ID, "-o", page)
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		s.said = append(s.said, artifact{"the page of run " + run.ID, b})
		s.does(t, 0, "runs", "show", run.ID, "--format", "json")
		s.does(t, 0, "orders", "show", run.Order)
	}
	s.does(t, 0, "apps")
	s.does(t, 0, "audit", "verify")
	s.does(t, 0, "secrets", "check")
}

// rows returns the database's files as they lie on the disk, and each of its values, those that
// are sealed opened. A kept session may hold its own cookies and tokens, and is looked at for the
// rest only.
func (s *search) rows(t *testing.T) (all []artifact) {
	t.Helper()
	files, err := filepath.Glob(s.database() + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, artifact{"the file " + filepath.Base(f), b})
	}
	db, err := sql.Open("sqlite", s.database())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	box, pictures := s.box(t), 0
	for _, table := range column(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`) {
		for _, name := range column(t, db, `SELECT name FROM pragma_table_info('`+string(table)+`')`) {
			for i, value := range column(t, db, fmt.Sprintf(`SELECT %s FROM %s`, name, table)) {
				where := fmt.Sprintf("value %d of %s.%s", i+1, table, name)
				all = append(all, artifact{where, value})
				if string(name) != "sealed" {
					continue
				}
				plain, err := box.Open(value)
				if err != nil {
					t.Fatalf("open %s: %v", where, err)
				}
				if string(table) == "sessions" {
					if found := leaks([]artifact{{where, withoutTokens(plain, s.kept)}}, s.plain); len(found) > 0 {
						t.Error(found)
					}
					continue
				}
				pictures++
				all = append(all, artifact{"the picture in " + where, plain})
			}
		}
	}
	if pictures < 4 {
		t.Errorf("only %d pictures were kept", pictures)
	}
	return all
}

// withoutTokens takes from a session what is its own.
func withoutTokens(session []byte, kept map[string]string) []byte {
	for value := range kept {
		session = bytes.ReplaceAll(session, []byte(value), []byte("-"))
	}
	return session
}

// column returns the values of a query's one column.
func column(t *testing.T, db *sql.DB, query string) (values [][]byte) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			t.Fatal(err)
		}
		values = append(values, b)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

// watch looks at the arguments and the environment of usher and of its browsers, all the while.
func (s *search) watch(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	s.stop = func() { cancel(); <-done }
	t.Cleanup(s.stop)
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			s.look()
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
}

func (s *search) look() {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return // the pattern is a good one
	}
	for _, dir := range dirs {
		args, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		// A browser's children do not say whose they are: those of other tests are looked at as well.
		ours := bytes.Contains(args, []byte(s.tmp+"/")) || bytes.HasPrefix(args, []byte(s.bin)) || bytes.Contains(args, []byte("--type="))
		if err != nil || !ours {
			continue
		}
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil {
			env = nil // gone meanwhile; its arguments count
		}
		s.mu.Lock()
		s.seen[string(args)+"\n"+string(env)] = true
		s.mu.Unlock()
	}
}

// processes returns what was seen of them.
func (s *search) processes() (all []artifact) {
	for _, text := range slices.Sorted(maps.Keys(s.seen)) {
		name, _, _ := strings.Cut(text, "\x00")
		all = append(all, artifact{"arguments or environment of " + filepath.Base(name), []byte(text)})
	}
	return all
}
