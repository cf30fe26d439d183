// Package store keeps what must survive, in one SQLite file: orders, runs, steps, plans, presses,
// rosters, sessions, leases, the audit chains. It knows no rules; those are the agent's.
//
// The statements are written in the subset that SQLite and Postgres share; only the migrations have
// a folder per database.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

const (
	// fileMode keeps the database from other users of the machine.
	fileMode = 0o600
	// busyFor is how long a statement waits for another process to finish its transaction.
	busyFor = 15 * time.Second
	opOpen  = "open the database"
)

// DB is the database. It is safe for use by several goroutines and processes.
type DB struct {
	rows
	bun  *bun.DB
	path string
}

var (
	_ agent.Store = (*DB)(nil)
	_ agent.Tx    = (*tx)(nil)
)

// rows reads, from the database or within a transaction.
type rows struct{ q bun.IDB }

// tx is one transaction.
type tx struct {
	rows
	raw bun.Tx
}

// Open opens the database file, makes it where there is none, and brings its tables up to date.
func Open(ctx context.Context, path string) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := prepare(path); err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(" + strconv.FormatInt(busyFor.Milliseconds(), 10) + ")",
		"journal_mode(WAL)", "foreign_keys(1)",
		// An intent to press must outlive a loss of power, not only of the process.
		"synchronous(FULL)",
	}}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	pool, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, explain(path, err)
	}
	pool.SetMaxOpenConns(4)
	if err := migrate(ctx, pool, path); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db := bun.NewDB(pool, sqlitedialect.New())
	return &DB{rows: rows{db}, bun: db, path: path}, nil
}

// prepare makes the file with its mode before SQLite does with another, and says clearly what is in
// the way.
func prepare(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode) //nolint:gosec // the operator names the file
	if err != nil {
		hint := "choose another file by `database` in the configuration"
		switch {
		case errors.Is(err, syscall.EROFS):
			return flows.Errorf(flows.Invalid, opOpen, "%s lies on a disk that can only be read", path).WithHint("%s", hint)
		case errors.Is(err, syscall.ENOSPC):
			return full(path)
		case errors.Is(err, fs.ErrPermission):
			return flows.Errorf(flows.Invalid, opOpen, "usher may not write to %s", path).WithHint("give this user the right to, or %s", hint)
		case errors.Is(err, fs.ErrNotExist):
			return flows.Errorf(flows.Invalid, opOpen, "the folder of %s does not exist", path).WithHint("make it, or %s", hint)
		}
		return flows.Errorf(flows.Invalid, opOpen, "%w", err).WithHint("%s", hint)
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(fileMode)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return flows.Errorf(flows.Invalid, opOpen, "%w", err).WithHint("the file must belong to the user that usher runs as")
	}
	return nil
}

// migrate brings the tables up to date. Two processes may come here at once: one of them loses, and
// finds the work done when it looks again.
func migrate(ctx context.Context, pool *sql.DB, path string) error {
	sub, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, sub, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	const tries = 20
	for try := 1; ; try++ {
		have, want, err := p.GetVersions(ctx)
		switch {
		case err == nil && have == want:
			return nil
		case err == nil && have > want:
			return flows.Errorf(flows.Invalid, opOpen, "%s is of version %d, made by a newer usher; this one knows version %d", path, have, want).
				WithHint("use an usher that knows database version %d, or another file by `database` in the configuration", have)
		case err == nil:
			_, err = p.Up(ctx)
		}
		if err != nil && try == tries {
			return explain(path, err)
		}
		if err != nil {
			if hopeless(err) {
				return explain(path, err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

// hopeless says whether trying again would change nothing.
func hopeless(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// explain turns what SQLite says into what a person can act on.
func explain(path string, err error) error {
	if err == nil {
		return nil
	}
	const op = "use the database"
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		if errors.Is(err, syscall.ENOSPC) {
			return full(path)
		}
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return full(path)
	case sqlite3.SQLITE_READONLY:
		return flows.Errorf(flows.Invalid, op, "%s can only be read", path).
			WithHint("give this user the right to write to it and to its folder, or choose another file by `database` in the configuration")
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return flows.Errorf(flows.Invalid, op, "%s cannot be opened for writing", path).WithHint("the file and its folder must belong to the user that usher runs as")
	case sqlite3.SQLITE_NOTADB:
		return flows.Errorf(flows.Invalid, op, "%s is not a database of usher", path).WithHint("choose another file by `database` in the configuration")
	case sqlite3.SQLITE_CORRUPT:
		return flows.Errorf(flows.Internal, op, "%s is damaged", path).WithHint("bring it back from a backup; nothing more is written to it")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return flows.Errorf(flows.Unavailable, op, "%s is held by another process for longer than %s", path, busyFor).WithHint("order again")
	case sqlite3.SQLITE_IOERR:
		return flows.Errorf(flows.Internal, op, "%s cannot be written or read (%s)", path, strings.TrimSpace(e.Error())).
			WithHint("the disk may be full or broken: look at df and at the system's log")
	}
	return err
}

func full(path string) error {
	return flows.Errorf(flows.Internal, "use the database", "the disk under %s is full", path).WithHint("make room, then order again: it looks first at what was done")
}

// Write runs f in one transaction.
func (d *DB) Write(ctx context.Context, f func(context.Context, agent.Tx) error) error {
	raw, err := d.bun.BeginTx(ctx, nil)
	if err != nil {
		return explain(d.path, err)
	}
	done := false
	defer func() {
		if !done { // f failed or panicked; its own error is the one that counts
			_ = raw.Rollback()
		}
	}()
	if err := f(ctx, &tx{rows: rows{raw}, raw: raw}); err != nil {
		return explain(d.path, err)
	}
	done = true
	return explain(d.path, raw.Commit())
}

// Close closes the database.
func (d *DB) Close() error { return d.bun.Close() }

// Raw returns the transaction as bun knows it.
func (t *tx) Raw() any { return t.raw }

// exec runs a statement and returns how many rows it touched.
func (r rows) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := r.q.NewRaw(query, args...).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// scan reads all rows of a query.
func scan[T any](ctx context.Context, r rows, query string, args ...any) ([]T, error) {
	var out []T
	if err := r.q.NewRaw(query, args...).Scan(ctx, &out); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	return out, nil
}

// one reads the first row of a query; false where there is none.
func one[T any](ctx context.Context, r rows, query string, args ...any) (T, bool, error) {
	var none T
	all, err := scan[T](ctx, r, query, args...)
	if err != nil || len(all) == 0 {
		return none, false, err
	}
	return all[0], true, nil
}

// ms is how a time is kept; the zero time is 0.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at is the time that ms made.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// limit is what LIMIT gets: a filter's zero means all that is likely to be looked at.
func limit(n int) int {
	if n <= 0 {
		return 100_000
	}
	return n
}

// where collects the conditions of a filter.
type where struct {
	parts []string
	args  []any
}

func (w *where) is(column, value string) {
	if value != "" {
		w.parts = append(w.parts, column+" = ?")
		w.args = append(w.args, value)
	}
}

func (w *where) sql() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}
