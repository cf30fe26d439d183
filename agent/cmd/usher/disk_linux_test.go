package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/flows"
)

// smallDisk mounts a disk of a few pages on a folder of its own. It takes root; who is not skips
// loudly.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size)
	switch {
	case err == nil:
	case inCI() && asRoot():
		t.Fatalf("mount a small disk: %v", err)
	default:
		t.Skipf("NOT TESTED: mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount the small disk: %v", err)
		}
	})
	return dir
}

// fill writes until nothing more fits, and returns the file to remove.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, private)
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(page)
	}
	if cerr := f.Close(); cerr != nil || !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err, cerr)
	}
	return path
}

// withDatabase returns a configuration whose database is a copy of the rig's in dir.
func (r *rig) withDatabase(t *testing.T, dir string) string {
	t.Helper()
	return r.variant(t, "disk", "database: "+r.database(), "database: "+r.copyDatabase(t, dir))
}

func TestADiskThatCanOnlyBeReadIsSaidAndNothingIsDone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dir := smallDisk(t, "4m")
	config := r.withDatabase(t, dir)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	r.refuses(t, flows.Invalid, "can only be read", "--config", config, "deactivate", ana, "--yes")
	r.untouched(t)
}

// Who is not root meets the same by the rights of the folder.
func TestAFolderThatCannotBeWrittenIsSaidAndNothingIsDone(t *testing.T) {
	t.Parallel()
	if asRoot() {
		t.Skip("root may write everywhere; the disk that can only be read is tested instead")
	}
	r := newRig(t)
	dir := t.TempDir()
	config := r.withDatabase(t, dir)
	for _, path := range []string{filepath.Join(dir, databaseName), dir} {
		if err := os.Chmod(path, 0o500); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := os.Chmod(dir, privateDir); err != nil {
			t.Error(err)
		}
	})
	r.refuses(t, flows.Invalid, "may not write", "--config", config, "deactivate", ana, "--yes")
	r.untouched(t)
}

// On a full disk nothing is begun. One that runs full while the console is being read stops the run
// before the press, for the press could not be written down. With room again the same order is done.
func TestAFullDiskStopsTheRunBeforeThePress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dir := smallDisk(t, "4m")
	config := r.withDatabase(t, dir)
	write := []string{"--config", config, "deactivate", ana, "--on", "stonly", "--yes", "--holdings", "leave", "--format", "json"}

	ballast := fill(t, dir)
	r.refuses(t, flows.Internal, "full", write...)
	r.untouched(t)
	if k := r.truth(t, "stonly"); k.SignIns > 0 {
		t.Error("it signed in, though nothing could be written down")
	}

	remove(t, ballast)
	p := r.start(t, write...)
	until(t, "the first steps", func() bool {
		p.alive(t)
		return steps(t, filepath.Join(dir, databaseName)) >= 3
	})
	ballast = fill(t, dir)
	e := p.wait(t)
	if e.code != flows.Table[flows.Internal].Exit {
		t.Errorf("exit code %d on a disk that ran full: %s", e.code, e.err)
	}
	r.untouched(t)
	r.nothingLeft(t)

	remove(t, ballast)
	if o := r.exits(t, 0, write...).outcome(t); o.Outcome != flows.Done {
		t.Errorf("the outcome is %q", o.Outcome)
	}
	r.wrote(t, "stonly", "deactivate "+ana)
	r.exits(t, 0, "--config", config, "audit", "verify")
	r.ended(t, config)
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// steps counts the steps of the newest run.
func steps(t *testing.T, database string) int {
	t.Helper()
	db, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := db.Runs(t.Context(), agent.RunFilter{Open: true, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if len(runs) > 0 {
		found, serr := db.Steps(t.Context(), runs[0].ID)
		n, err = len(found), serr
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}
