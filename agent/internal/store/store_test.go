package store_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/agent/internal/store/storetest"
	"github.com/usherhq/usher/flows"
)

var at = time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// raw opens the file past the store, as somebody with a shell would.
func raw(t *testing.T, path string, statements ...string) {
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
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestSQLitePassesTheSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) agent.Store {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "usher.db"))
	})
}

func TestDatabaseIsForItsOwnerOnlyAndOpensAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a folder with ? and %20", "usher.db")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	db := open(t, path)
	err := db.Write(t.Context(), func(ctx context.Context, tx agent.Tx) error {
		return tx.PutFreeze(ctx, agent.Freeze{On: true, By: "kim"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode().Perm())
		}
	}
	f, err := open(t, path).Freeze(t.Context())
	if err != nil || !f.On {
		t.Errorf("the second opening reads %+v, %v", f, err)
	}
}

func TestManyProcessesMayOpenANewDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usher.db")
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			db, err := store.Open(context.Background(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := db.Heads(context.Background()); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOpenSaysClearlyWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		path func(t *testing.T) string
		want string
	}{
		{"no folder", func(t *testing.T) string {
			t.Helper()
			return filepath.Join(t.TempDir(), "none", "usher.db")
		}, "does not exist"},
		{"a folder in its place", func(t *testing.T) string {
			t.Helper()
			return t.TempDir()
		}, "is a directory"},
		{"not a database", func(t *testing.T) string {
			t.Helper()
			path := filepath.Join(t.TempDir(), "usher.db")
			if err := os.WriteFile(path, []byte(strings.Repeat("this is a letter, not a database\n", 200)), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, "is not a database of usher"},
		{"a newer version", func(t *testing.T) string {
			t.Helper()
			path := filepath.Join(t.TempDir(), "usher.db")
			db, err := store.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			raw(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (977, 1)`)
			return path
		}, "version 977"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Open(t.Context(), c.path(t))
			if flows.CodeOf(err) != flows.Invalid || flows.HintOf(err) == "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v (hint %q), want invalid with %q", err, flows.HintOf(err), c.want)
			}
		})
	}
}

func TestAFullDiskIsSaidAndLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usher.db")
	db := open(t, path)
	blob := make([]byte, 1<<20)
	ctx := t.Context()
	err := db.Write(ctx, func(ctx context.Context, tx agent.Tx) error {
		return tx.AddPicture(ctx, "small", []byte("x"), at)
	})
	if err != nil {
		t.Fatal(err)
	}
	store.LimitPages(t, db, 80)
	err = db.Write(ctx, func(ctx context.Context, tx agent.Tx) error { return tx.AddPicture(ctx, "big", blob, at) })
	if err == nil || !strings.Contains(err.Error(), "full") || flows.HintOf(err) == "" {
		t.Fatalf("a write to a full disk: %v", err)
	}
	if err := db.PutSession(ctx, "acme", blob, at); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("a session on a full disk: %v", err)
	}
	if _, ok, err := db.Picture(ctx, "big"); ok || err != nil {
		t.Errorf("the half of a write is there: %v, %v", ok, err)
	}
	if _, ok, err := db.Picture(ctx, "small"); !ok || err != nil {
		t.Errorf("what was there is gone: %v, %v", ok, err)
	}
}

func TestTheRecordCannotBeEditedThroughTheDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usher.db")
	db := open(t, path)
	err := db.Write(t.Context(), func(ctx context.Context, tx agent.Tx) error {
		if err := tx.PutOrder(ctx, agent.Order{ID: "o1", Verb: agent.List, Connection: "acme", State: agent.StateNew}); err != nil {
			return err
		}
		if err := tx.AddRun(ctx, agent.Run{ID: "r1", Order: "o1", Connection: "acme", Verb: agent.List, Started: at}); err != nil {
			return err
		}
		if err := tx.AddStep(ctx, agent.StepRow{Run: "r1", Seq: 1, Step: flows.Step{At: at, Name: "open"}}); err != nil {
			return err
		}
		if _, err := tx.Head(ctx, "acme"); err != nil {
			return err
		}
		return tx.AddEntry(ctx, agent.Entry{Connection: "acme", Seq: 1, At: at, Kind: "order", Body: []byte(`{}`), Hash: "h"})
	})
	if err != nil {
		t.Fatal(err)
	}
	shell, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := shell.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, s := range []string{
		`UPDATE audit SET body = '[]'`, `DELETE FROM audit`, `UPDATE steps SET name = 'x'`, `DELETE FROM steps`, `DELETE FROM runs`, `DELETE FROM orders`,
	} {
		if _, err := shell.ExecContext(t.Context(), s); err == nil {
			t.Errorf("%s was allowed", s)
		}
	}
}
