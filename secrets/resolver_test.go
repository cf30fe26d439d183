package secrets_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/usherhq/usher/secrets"
)

// write makes a file of exactly that mode.
func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantError asserts that err says all of parts, and not the password.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error repeats the password: %v", err)
	}
}

func TestAReferenceOfTheEnvironment(t *testing.T) {
	t.Setenv("USHER_TEST_SECRET", "hunter2 ")
	t.Setenv("USHER_TEST_EMPTY", "")
	r := secrets.NewResolver()
	v, err := r.Resolve(t.Context(), "env:USHER_TEST_SECRET")
	if err != nil || v.Reveal() != "hunter2 " {
		t.Errorf("resolved to %q, %v", v.Reveal(), err)
	}
	for _, name := range []string{"USHER_TEST_EMPTY", "USHER_TEST_UNSET"} {
		_, err := r.Resolve(t.Context(), "env:"+name)
		wantError(t, err, "env:"+name, "the variable is")
		if !errors.Is(err, secrets.ErrNotFound) {
			t.Errorf("not ErrNotFound: %v", err)
		}
	}
	// A shell has put the password where the name was meant.
	_, err = r.Resolve(t.Context(), "env:hunter2!")
	wantError(t, err, "env: malformed name")
}

func TestAReferenceToAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	good := write(t, filepath.Join(dir, "good"), "hunter2\n", 0o600)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	openFile := write(t, filepath.Join(dir, "it's open"), "hunter2", 0o644)
	tests := []struct {
		name, ref, want string
		says            []string
		notFound        bool
	}{
		{name: "one newline is trimmed", ref: "file:" + good, want: "hunter2"},
		{name: "URL form", ref: "file://" + good, want: "hunter2"},
		{name: "through a link", ref: "file:" + link, want: "hunter2"},
		{name: "read-only", ref: "file:" + write(t, filepath.Join(dir, "ro"), "hunter2", 0o400), want: "hunter2"},
		{name: "a second newline stays", ref: "file:" + write(t, filepath.Join(dir, "two"), "a\nb\n\n", 0o600), want: "a\nb\n"},
		{name: "CRLF is one line ending", ref: "file:" + write(t, filepath.Join(dir, "crlf"), "hunter2\r\n", 0o600), want: "hunter2"},
		{name: "bytes", ref: "file:" + write(t, filepath.Join(dir, "bytes"), "\xff\x00 x", 0o600), want: "\xff\x00 x"},
		{
			name: "the largest", ref: "file:" + write(t, filepath.Join(dir, "largest"), strings.Repeat("x", 64<<10), 0o600),
			want: strings.Repeat("x", 64<<10),
		},
		{name: "too large", ref: "file:" + write(t, filepath.Join(dir, "large"), strings.Repeat("x", 64<<10+1), 0o600), says: []string{"64 KiB"}},
		{name: "world readable", ref: "file:" + openFile, says: []string{"mode 0644", `chmod 600 '` + dir + `/it'\''s open'`}},
		{name: "group readable", ref: "file:" + write(t, filepath.Join(dir, "group"), "hunter2", 0o640), says: []string{"mode 0640", "chmod 600 " + dir + "/group"}},
		{name: "group writable", ref: "file:" + write(t, filepath.Join(dir, "groupw"), "hunter2", 0o620), says: []string{"chmod 600"}},
		{name: "missing", ref: "file:" + dir + "/none", says: []string{dir + "/none", "no such file"}, notFound: true},
		{name: "empty", ref: "file:" + write(t, filepath.Join(dir, "empty"), "\n", 0o600), says: []string{"is empty"}, notFound: true},
		{name: "folder", ref: "file:" + dir, says: []string{"not a regular file"}},
		{name: "pipe without a writer", ref: "file:" + fifo, says: []string{"not a regular file"}},
		{name: "relative", ref: "file:good", says: []string{"must start with /"}},
		{name: "home", ref: "file:~/good", says: []string{"must start with /"}},
		{name: "other host", ref: "file://host/good", says: []string{"file:///path"}},
	}
	r := secrets.NewResolver()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := r.Resolve(t.Context(), tt.ref)
			if tt.says != nil {
				wantError(t, err, append(tt.says, strings.ReplaceAll(tt.ref, `\`, `\\`))...)
				if errors.Is(err, secrets.ErrNotFound) != tt.notFound || !v.Empty() {
					t.Errorf("ErrNotFound is wrong, or there is a value: %v", err)
				}
				return
			}
			if err != nil || v.Reveal() != tt.want {
				t.Errorf("resolved to %q, %v", v.Reveal(), err)
			}
		})
	}
}

func TestWhatIsNoReferenceIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, ref, says string }{
		{"a bare password", "hunter2", "a password in the configuration file"},
		{"a password with a colon", "hunter2:x", "unknown kind of reference"},
		{"a password that starts with a colon", ":hunter2", "a password in the configuration file"},
		{"a password that is no scheme", "hunter2!:x", "a password in the configuration file"},
		{"a password that starts like a number", "2hunter2:x", "a password in the configuration file"},
		{"empty", "", "the reference is empty"},
		{"blank", " \t", "the reference is empty"},
		{"nothing after the scheme", "env:", `nothing follows "env:"`},
		{"letters exchanged", "evn:hunter2", `did you mean "env:"?`},
		{"upper case", "FILE:/hunter2", `did you mean "file:"?`},
		{"a letter missing", "keyrng:hunter2/x", `did you mean "keyring:"?`},
		{"1Password's own form", "op://hunter2/item/field", "exec:op read"},
		{"Vault's own form", "vault://hunter2", "exec:vault kv get"},
		{"AWS's own form", "awssm://hunter2", "exec:aws secretsmanager"},
		{"sops' own form", "sops:hunter2", "exec:sops"},
	}
	r := secrets.NewResolver()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := r.Resolve(t.Context(), tt.ref)
			wantError(t, err, tt.says)
			if !v.Empty() {
				t.Error("there is a value")
			}
			if check := r.Check(tt.ref); check == nil || check.Error() != err.Error() {
				t.Errorf("Check says otherwise: %v", check)
			}
			if strings.HasPrefix(tt.says, "nothing") || strings.HasSuffix(tt.says, "empty") {
				return
			}
			wantError(t, err, "age:, env:, exec:, file:, keyring:")
		})
	}
}

func TestTheExamplesOfOtherToolsCanBeSplit(t *testing.T) {
	t.Parallel()
	r := secrets.NewResolver()
	for _, scheme := range []string{"op", "vault", "bao", "awssm", "sops", "pass"} {
		_, err := r.Resolve(t.Context(), scheme+":x")
		wantError(t, err, `write "exec:`)
		_, example, _ := strings.Cut(err.Error(), `write "exec:`)
		example, _, _ = strings.Cut(example, `"; known`)
		if words, err := secrets.Split(example); err != nil || len(words) < 3 {
			t.Errorf("%s: %q is split into %q, %v", scheme, example, words, err)
		}
	}
}

type fixed map[string]string

func (f fixed) Get(_ context.Context, name string) (secrets.Value, error) {
	return secrets.New(f[name]), nil
}

func TestAnEmptySecretOfAnySourceIsAnError(t *testing.T) {
	t.Parallel()
	r := secrets.NewResolver(secrets.WithSource("fixed", fixed{"a": "hunter2"}))
	if v, err := r.Resolve(t.Context(), "fixed:a"); err != nil || v.Reveal() != "hunter2" {
		t.Errorf("resolved to %q, %v", v.Reveal(), err)
	}
	_, err := r.Resolve(t.Context(), "fixed:b")
	wantError(t, err, "fixed:b", "empty")
}

func TestControlCharactersOfAReferenceDoNotReachTheError(t *testing.T) {
	t.Parallel()
	_, err := secrets.NewResolver().Resolve(t.Context(), "file:/none\x1b[31m\n"+strings.Repeat("x", 500))
	wantError(t, err, `\x1b`)
	if strings.ContainsAny(err.Error(), "\x1b\n") || len(err.Error()) > 400 {
		t.Errorf("%q", err)
	}
}

func FuzzReferenceErrorsAreOneCleanLine(f *testing.F) {
	for _, ref := range []string{"env:A", "file:/x", "age:a/b", "age:/x#y", "keyring:a/b/c", "op://x", "x", ":", "a:b", "exec:\xff", "env:\x00"} {
		f.Add(ref)
	}
	// Commands, files and the keyring are left out: what is fuzzed is the reading of references.
	never := fixed{}
	r := secrets.NewResolver(secrets.WithSource("exec", never), secrets.WithSource("file", never),
		secrets.WithSource("keyring", never), secrets.WithSource("env", never))
	f.Fuzz(func(t *testing.T, ref string) {
		v, err := r.Resolve(t.Context(), ref)
		if err == nil || !v.Empty() {
			t.Fatalf("%q became a secret", ref)
		}
		for _, c := range err.Error() {
			if c < ' ' || c == 0x7f {
				t.Fatalf("%q gives %q", ref, err)
			}
		}
		scheme, _, _ := strings.Cut(ref, ":")
		switch scheme {
		case "env", "file", "age", "keyring", "exec", "op", "vault", "bao", "awssm", "sops", "pass":
		default:
			if len(ref) >= 12 && strings.Contains(err.Error(), ref) {
				t.Fatalf("%q is repeated: %v", ref, err)
			}
		}
	})
}
