package secrets_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/usherhq/usher/secrets"
)

// nobody is a user who owns none of the test's files.
const nobody = 65534

// asNobody runs f with the file rights of a user who owns nothing, since root may write anywhere. Linux
// keeps these rights by thread; the thread is not used again.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Getuid() == 0 {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			// They answer with what was, never with an error; whether they took is seen by what f may write.
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSGID, nobody, 0, 0)
		}
		f()
	}()
	<-done
}

func TestAFolderThatCannotBeWrittenLosesNothing(t *testing.T) {
	t.Parallel()
	id, _ := newIdentity(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	set(t, openStore(t, path, id), "a", "1")
	before := read(t, path)
	for file, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, path: 0o444, path + ".lock": 0o666, dir: 0o555} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Error(err)
		}
	})
	asNobody(t, func() {
		s, err := secrets.OpenStore(path, id)
		if err != nil {
			t.Error(err)
			return
		}
		err = s.Set(t.Context(), "a", secrets.New("hunter2"))
		if err == nil {
			t.Error("a folder of mode 0555 was written")
			return
		}
		wantError(t, err, path, "nothing was changed", "permission denied")
		if v, err := s.Get("a"); err != nil || v.Reveal() != "1" {
			t.Errorf("the store gives %q, %v", v.Reveal(), err)
		}
	})
	if read(t, path) != before || len(files(t, dir)) != 2 {
		t.Errorf("the folder changed: %q", files(t, dir))
	}
}

func TestAStoreOfSomebodyElseCannotBeReadAndSaysSo(t *testing.T) {
	t.Parallel()
	id, _ := newIdentity(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	set(t, openStore(t, path, id), "a", "1")
	for file, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o755, path: 0o000} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, func() {
		_, err := secrets.OpenStore(path, id)
		if err == nil {
			t.Error("a file of mode 0000 was read")
			return
		}
		wantError(t, err, path, "permission denied")
	})
}
