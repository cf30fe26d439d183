package secrets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// openToOthers are the bits of a mode that let more than the owner in.
const openToOthers fs.FileMode = 0o077

// fileSource reads a file that only its owner may touch.
type fileSource struct{}

func (fileSource) Get(_ context.Context, name string) (Value, error) {
	if rest, ok := strings.CutPrefix(name, "//"); ok {
		// The URL form has an empty host: file:///path.
		if !strings.HasPrefix(rest, "/") {
			return Value{}, errors.New("a file on another host: write file:/path or file:///path")
		}
		name = rest
	}
	if !filepath.IsAbs(name) {
		return Value{}, errors.New("the path must start with /: " +
			"the command line and the daemon need not run in the same folder")
	}
	b, err := readPrivate(name)
	if err != nil {
		return Value{}, err
	}
	b = trimNewline(b)
	if len(b) == 0 {
		return Value{}, fmt.Errorf("%w: the file is empty", ErrNotFound)
	}
	return NewBytes(b), nil
}

// readPrivate reads a small file that must be closed to others. The mode is asked of the open file, so
// that it is the mode of what is read.
func readPrivate(path string) (b []byte, err error) {
	// Without O_NONBLOCK, opening a named pipe would wait for its writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no such file", ErrNotFound)
	}
	if err != nil {
		return nil, bare(err)
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = bare(cerr)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if mode := info.Mode().Perm(); mode&openToOthers != 0 {
		return nil, fmt.Errorf("others may touch this file (mode %04o): run `chmod 600 %s`, "+
			"and change the secret if others could read it", mode, shellQuote(path))
	}
	b, err = io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(b) > maxSecret {
		return nil, fmt.Errorf("longer than %d KiB: this is no password", maxSecret>>10)
	}
	return b, nil
}

// bare takes the path out of a file's error, where the reference names it already.
func bare(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", pe.Op, pe.Err)
	}
	return err
}

// trimNewline takes one line ending off the end: editors and echo put it there, and a second one was meant.
func trimNewline(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		if n := len(b); n > 0 && b[n-1] == '\r' {
			b = b[:n-1]
		}
	}
	return b
}

// shellQuote makes a path fit to be pasted into a shell.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("/._-+@,:", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
