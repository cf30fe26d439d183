package store

import (
	"fmt"
	"testing"
	"time"
)

// LimitPages makes the disk of an open database small.
func LimitPages(t *testing.T, d *DB, pages int) {
	t.Helper()
	// The pragma is the connection's: with one connection it is the database's.
	d.bun.SetMaxOpenConns(1)
	d.bun.SetConnMaxLifetime(time.Hour)
	if _, err := d.bun.DB.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
}
