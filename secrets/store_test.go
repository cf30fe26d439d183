package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/secrets"
)

func openStore(t *testing.T, path string, id secrets.Identity) *secrets.Store {
	t.Helper()
	s, err := secrets.OpenStore(path, id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t *testing.T, s *secrets.Store, name, text string) {
	t.Helper()
	if err := s.Set(t.Context(), name, secrets.New(text)); err != nil {
		t.Fatal(err)
	}
}

// files returns the names in a folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAStoreKeepsSecretsUnreadable(t *testing.T) {
	t.Parallel()
	id, _ := newIdentity(t)
	path := filepath.Join(t.TempDir(), "secrets.age")
	s := openStore(t, path, id)
	if names, err := s.Names(); err != nil || len(names) != 0 {
		t.Errorf("a new store has %q, %v", names, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening made a file: %v", err)
	}
	values := map[string]string{"stonly/password": "hunter2", "a": "line\nline\n", "bytes@x.test": "\xff\x00\xfe", "é-value": ""}
	delete(values, "é-value")
	for name, text := range values {
		set(t, s, name, text)
	}
	set(t, s, "a", "changed")
	values["a"] = "changed"
	for _, s := range []*secrets.Store{s, openStore(t, path, id)} {
		for name, text := range values {
			if v, err := s.Get(name); err != nil || v.Reveal() != text {
				t.Errorf("%s is %q, %v", name, v.Reveal(), err)
			}
		}
		if names, err := s.Names(); err != nil || !slices.Equal(names, []string{"a", "bytes@x.test", "stonly/password"}) {
			t.Errorf("the names are %q, %v", names, err)
		}
	}
	if text := read(t, path); strings.Contains(text, "hunter2") || strings.Contains(text, "stonly") {
		t.Error("the file can be read")
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get("a"); !errors.Is(err, secrets.ErrNotFound) {
		t.Errorf("a deleted secret gives %v", err)
	}
	if err := s.Delete(t.Context(), "a"); !errors.Is(err, secrets.ErrNotFound) {
		t.Errorf("deleting it twice gives %v", err)
	}
	for _, name := range files(t, filepath.Dir(path)) {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
		if name != "secrets.age" && name != "secrets.age.lock" {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestAStoreRefusesWhatItCouldNotGiveBack(t *testing.T) {
	t.Parallel()
	id, _ := newIdentity(t)
	s := openStore(t, filepath.Join(t.TempDir(), "s"), id)
	for _, name := range []string{"", "a b", "a#b", "-a", "../a", "é", "a\n", strings.Repeat("a", 129), "hunter2!"} {
		err := s.Set(t.Context(), name, secrets.New("x"))
		wantError(t, err, "the name of a secret")
	}
	wantError(t, s.Set(t.Context(), "a", secrets.Value{}), "it is empty")
	wantError(t, s.Set(t.Context(), "a", secrets.New(strings.Repeat("hunter2", 10<<10))), "longer than 64 KiB")
	if _, err := secrets.OpenStore("relative", id); err == nil {
		t.Error("a relative path was taken")
	}
	if _, err := secrets.OpenStore("/x", secrets.Identity{}); err == nil {
		t.Error("a store was opened without a key")
	}
}

func TestAStoreThatCannotBeReadIsNeverWritten(t *testing.T) {
	t.Parallel()
	id, text := newIdentity(t)
	other, _ := newIdentity(t)
	dir := t.TempDir()
	sealed := func(id secrets.Identity, doc string) string {
		box, err := secrets.NewBox(id)
		if err != nil {
			t.Fatal(err)
		}
		b, err := box.Seal([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	good := sealed(id, `{"version":1,"secrets":{"a":"aHVudGVyMg=="}}`)
	tests := []struct {
		name, bytes, says string
		wraps             error
	}{
		{"cut short", good[:len(good)-7], "put back a copy", secrets.ErrDamaged},
		{"emptied", "", "put back a copy", secrets.ErrDamaged},
		{"something else", "hunter2\n", "put back a copy", secrets.ErrDamaged},
		{"another key", sealed(other, `{"version":1,"secrets":{}}`), "give usher the key", secrets.ErrWrongKey},
		{"no document", sealed(id, `"hunter2"`), "does not hold a store's document", nil},
		{"wrong shape", sealed(id, `{"version":1,"secrets":{"a":"hunter2!"}}`), "does not hold a store's document", nil},
		{"unknown key", sealed(id, `{"version":1,"hunter2":{}}`), "does not hold a store's document", nil},
		{"of a newer version", sealed(id, `{"version":2,"more":"hunter2"}`), "written in version 2", nil},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(dir, fmt.Sprint("store", i))
			s := openStore(t, path, id) // while there was no file yet
			write(t, path, tt.bytes, 0o600)
			check := func(err error) {
				t.Helper()
				wantError(t, err, path, tt.says)
				if tt.wraps != nil && !errors.Is(err, tt.wraps) {
					t.Errorf("does not wrap %v: %v", tt.wraps, err)
				}
			}
			_, err := secrets.OpenStore(path, id)
			check(err)
			_, err = s.Get("a")
			check(err)
			_, err = s.Names()
			check(err)
			check(s.Set(t.Context(), "a", secrets.New("new")))
			check(s.Delete(t.Context(), "a"))
			r := secrets.NewResolver(secrets.WithStore(path, "file:"+write(t, path+".key", text.Reveal(), 0o600)))
			_, err = r.Resolve(t.Context(), "age:a")
			check(err)
			if read(t, path) != tt.bytes {
				t.Error("the file was changed")
			}
		})
	}
	path := write(t, filepath.Join(dir, "good"), good, 0o644)
	if v, err := openStore(t, path, id).Get("a"); err != nil || v.Reveal() != "hunter2" {
		t.Errorf("the document that the others are broken from gives %q, %v", v.Reveal(), err)
	}
}

func TestAStoreIsFoundThroughALink(t *testing.T) {
	t.Parallel()
	id, _ := newIdentity(t)
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	set(t, openStore(t, path, id), "a", "1")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	set(t, openStore(t, link, id), "a", "2")
	if v, err := openStore(t, path, id).Get("a"); err != nil || v.Reveal() != "2" {
		t.Errorf("the real file has %q, %v", v.Reveal(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
}

func TestReferencesToStores(t *testing.T) {
	t.Parallel()
	id, text := newIdentity(t)
	dir := t.TempDir()
	key := "file:" + write(t, filepath.Join(dir, "key"), text.Reveal(), 0o600)
	own, other := filepath.Join(dir, "own"), filepath.Join(dir, "o#ther")
	set(t, openStore(t, own, id), "stonly/password", "one")
	set(t, openStore(t, other, id), "x", "two")
	r := secrets.NewResolver(secrets.WithStore(own, key))
	for ref, want := range map[string]string{"age:stonly/password": "one", "age:" + other + "#x": "two", "age:" + own + "#stonly/password": "one"} {
		if v, err := r.Resolve(t.Context(), ref); err != nil || v.Reveal() != want {
			t.Errorf("%s: %q, %v", ref, v.Reveal(), err)
		}
	}
	for ref, says := range map[string]string{
		"age:none":                   "age:none: no such secret in the store",
		"age:" + dir + "/nothing#x":  "no such secret",
		"age:relative#x":             "age:/path/to/store#NAME",
		"age:hunter2 with blanks":    "age: malformed name",
		"age:" + own + "#hunter2 = ": "age: malformed name",
	} {
		_, err := r.Resolve(t.Context(), ref)
		wantError(t, err, says)
	}
	s, err := r.Store(t.Context())
	if err != nil || s.Path() != own {
		t.Errorf("our own store is %v, %v", s, err)
	}
	_, err = secrets.NewResolver().Resolve(t.Context(), "age:x")
	wantError(t, err, "no secret store is configured", "usher init")
	_, err = secrets.NewResolver(secrets.WithStore(own, "age:key")).Resolve(t.Context(), "age:x")
	wantError(t, err, "cannot be kept in a store")
}

// storeWriter is what the test's own binary does when TestWritersOfManyProcessesLoseNothing starts it.
const storeWriter = "USHER_TEST_STORE_WRITER"

const perWriter = 15

func writeMany(ctx context.Context, s *secrets.Store, who string) error {
	for i := range perWriter {
		if err := s.Set(ctx, fmt.Sprintf("%s-%d", who, i), secrets.New(who)); err != nil {
			return err
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	if who := os.Getenv(storeWriter); who != "" {
		os.Exit(writeAsProcess(who))
	}
	os.Exit(m.Run())
}

func writeAsProcess(who string) int {
	ctx := context.Background()
	r := secrets.NewResolver(secrets.WithStore(os.Getenv("USHER_TEST_STORE"), "env:USHER_TEST_KEY"))
	s, err := r.Store(ctx)
	if err == nil {
		err = writeMany(ctx, s, who)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestWritersOfManyProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	id, text := newIdentity(t)
	path := filepath.Join(t.TempDir(), "store")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var (
		writers sync.WaitGroup
		want    []string
	)
	for i := range 4 {
		who := fmt.Sprint("w", i)
		for j := range perWriter {
			want = append(want, fmt.Sprintf("%s-%d", who, j))
		}
		writers.Go(func() {
			if i%2 == 0 {
				if err := writeMany(ctx, openStore(t, path, id), who); err != nil {
					t.Error(err)
				}
				return
			}
			cmd := exec.CommandContext(ctx, self)
			cmd.Env = append(os.Environ(), storeWriter+"="+who, "USHER_TEST_STORE="+path, "USHER_TEST_KEY="+text.Reveal())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	// A reader beside them sees a whole store at any time.
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
			if _, err := openStore(t, path, id).Names(); err != nil {
				t.Error(err)
			}
		}
	}
	got, err := openStore(t, path, id).Names()
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d of %d secrets are there, %v", len(got), len(want), err)
	}
	if left := files(t, filepath.Dir(path)); !slices.Equal(left, []string{"store", "store.lock"}) {
		t.Errorf("left behind: %q", left)
	}
}

func TestAHeldLockIsWaitedForAsLongAsTheContextSays(t *testing.T) {
	t.Parallel()
	id, _ := newIdentity(t)
	path := filepath.Join(t.TempDir(), "store")
	s := openStore(t, path, id)
	set(t, s, "a", "1")
	f, err := os.OpenFile(path+".lock", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = s.Set(ctx, "a", secrets.New("hunter2"))
	wantError(t, err, "another process holds", path+".lock")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	if v, err := s.Get("a"); err != nil || v.Reveal() != "1" {
		t.Errorf("a reader does not get by: %q, %v", v.Reveal(), err)
	}
	waiting := make(chan error, 1)
	go func() { waiting <- s.Set(t.Context(), "a", secrets.New("2")) }()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}
