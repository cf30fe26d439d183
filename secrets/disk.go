package secrets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	ownerOnly = 0o600
	lockWait  = 10 * time.Second // a writer holds the lock for milliseconds
	lockPause = 10 * time.Millisecond
)

// lock takes the lock at path from all other processes and goroutines. The file stays: removing it would
// let two writers hold locks on two files of one name. A process that dies lets go.
func lock(ctx context.Context, path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, ownerOnly) //nolint:gosec // beside the store that the operator names
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	// Asked again and again, because a flock that waits cannot be told to stop.
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil // closing lets go of the lock
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock: %w", err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("another process holds %s: %w", path, ctx.Err()), f.Close())
		case <-time.After(lockPause):
		}
	}
}

// writeWhole puts b in the place of the file at path, so that after a crash there is the old file or the new
// one, never a part. Its error says which.
func writeWhole(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp") // its mode is 0600
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("it was written, and may not survive a power cut: %w", err)
	}
	return nil
}

// syncDir makes the name of a new file as lasting as its bytes.
func syncDir(dir string) (err error) {
	d, err := os.Open(dir) //nolint:gosec // the folder of the store that the operator names
	if err != nil {
		return err
	}
	defer func() {
		if cerr := d.Close(); err == nil {
			err = cerr
		}
	}()
	return d.Sync()
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
