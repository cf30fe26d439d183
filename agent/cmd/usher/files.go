package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/usherhq/usher/flows"
)

const (
	private    fs.FileMode = 0o600
	privateDir fs.FileMode = 0o700
)

// toFile gives work a file to write, or standard output where path is empty or "-". A file that is
// there is not overwritten, and none is left behind by an error.
func (c *cli) toFile(path string, work func(io.Writer) error) error {
	if path == "" || path == "-" {
		c.told = true
		return work(c.out)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, private) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrExist) {
		return usage("%s is there already", path).WithHint("name another file")
	}
	if err != nil {
		return flows.Errorf(flows.Invalid, "write the file", "%w", err)
	}
	err = work(f)
	if serr := f.Sync(); err == nil {
		err = failed("write "+path, serr)
	}
	if cerr := f.Close(); err == nil {
		err = failed("write "+path, cerr)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	c.say("written: %s", path)
	return nil
}

// create writes a new private file; one that is there is an error.
func create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, private) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if serr := f.Sync(); err == nil {
		err = serr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// replace writes a file anew, whole or not at all, with the mode it has.
func replace(path string, content []byte) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".usher-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(content)
	if cerr := tmp.Chmod(info.Mode().Perm()); err == nil {
		err = cerr
	}
	if serr := tmp.Sync(); err == nil {
		err = serr
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}

// removeAll removes a folder that this process made.
func removeAll(dir string) error { return failed("remove "+dir, os.RemoveAll(dir)) }
