package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ourHouse reads this repository.
func ourHouse(t *testing.T) house {
	t.Helper()
	top := strings.TrimSpace(string(output(t, ".", "go", "list", "-m", "-f", "{{.Dir}}")))
	h := house{texts: texts(t, top)}
	list := json.NewDecoder(bytes.NewReader(output(t, top, "go", "list", "-e",
		"-json=ImportPath,Name,Doc,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")))
	for {
		var p pack
		err := list.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		if !strings.Contains(p.ImportPath, "/node_modules/") {
			h.packages = append(h.packages, p)
		}
	}
	// Laws over nothing are kept by everybody.
	if len(h.packages) < 5 || len(h.texts) < 50 {
		t.Fatalf("only %d packages and %d files were found in %s", len(h.packages), len(h.texts), top)
	}
	return h
}

func output(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, said.Bytes())
	}
	return out
}

// texts returns the texts that are, or would be, in the repository. Where git cannot tell (an
// unpacked archive, somebody else's checkout) that is each file but what is built or fetched.
func texts(t *testing.T, top string) map[string]string {
	t.Helper()
	var names []string
	git := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = top
	if out, err := git.Output(); err == nil {
		names = strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	} else {
		t.Logf("git does not say what is in the repository (%v); every file is read", err)
		names = walk(t, top)
	}
	all := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed, and git was not told yet
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte{0}) { // a picture, a font
			all[name] = string(b)
		}
	}
	return all
}

func walk(t *testing.T, top string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || rel == ".git" || rel == ".tools" || rel == "bin") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
