package secrets_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/usherhq/usher/secrets"
)

// newIdentity returns a fresh identity and its text.
func newIdentity(t *testing.T) (secrets.Identity, secrets.Value) {
	t.Helper()
	text, err := secrets.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	id, err := secrets.ParseIdentity(text)
	if err != nil {
		t.Fatal(err)
	}
	return id, text
}

func newBox(t *testing.T) secrets.Box {
	t.Helper()
	id, _ := newIdentity(t)
	box, err := secrets.NewBox(id)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestAnIdentityIsReadAsAgeKeygenWritesIt(t *testing.T) {
	t.Parallel()
	id, text := newIdentity(t)
	again, err := secrets.ParseIdentity(secrets.New("# created: 2026-01-01\n# public key: age1x\n" + text.Reveal() + "\r\n\n"))
	if err != nil || again.Recipient() != id.Recipient() || !strings.HasPrefix(id.Recipient(), "age1") {
		t.Errorf("recipients %q and %q, %v", id.Recipient(), again.Recipient(), err)
	}
	box, err := secrets.NewBox(id)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%p", "%d"} {
		for _, holder := range []any{id, &id, box, &box, []any{id, box}, struct{ id secrets.Identity }{id}} {
			if out := fmt.Sprintf(verb, holder); strings.Contains(strings.ToUpper(out), "SECRET-KEY") || strings.Contains(out, fmt.Sprintf("%x", text.Reveal()[:8])) {
				t.Errorf("%s prints the key: %s", verb, out)
			}
		}
	}
}

func TestWhatIsNoIdentityIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	_, text := newIdentity(t)
	_, other := newIdentity(t)
	key := text.Reveal()
	tests := []struct{ name, text, says string }{
		{"empty", "", "is empty"},
		{"only a comment", "# hunter2", "not an age key"},
		{"a password", "hunter2", "not an age key"},
		{"cut short", key[:len(key)-5], "damaged or cut short"},
		{"a letter changed", key[:30] + map[bool]string{true: "P", false: "Q"}[key[30] == 'Q'] + key[31:], "damaged or cut short"},
		{"two keys", key + "\n" + other.Reveal(), "more than one"},
		{"post-quantum", "AGE-SECRET-KEY-PQ-1hunter2", "not an age key"},
		{"SSH", "-----BEGIN OPENSSH PRIVATE KEY-----", "not an age key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := secrets.ParseIdentity(secrets.New(tt.text))
			wantError(t, err, tt.says)
			if !id.Empty() || strings.Contains(err.Error(), key[20:30]) {
				t.Errorf("there is an identity, or the error repeats it: %v", err)
			}
		})
	}
}

func TestAnIdentityIsLoadedByReference(t *testing.T) {
	id, text := newIdentity(t)
	t.Setenv("USHER_TEST_KEY", text.Reveal())
	t.Setenv("USHER_TEST_NO_KEY", "hunter2")
	path := write(t, filepath.Join(t.TempDir(), "key"), text.Reveal()+"\n", 0o600)
	r := secrets.NewResolver()
	for _, ref := range []string{"env:USHER_TEST_KEY", "file:" + path} {
		if got, err := secrets.LoadIdentity(t.Context(), r, ref); err != nil || got.Recipient() != id.Recipient() {
			t.Errorf("%s: %v, %v", ref, got, err)
		}
	}
	for ref, says := range map[string]string{
		"env:USHER_TEST_NO_KEY": "age key: env:USHER_TEST_NO_KEY: not an age key",
		"env:USHER_TEST_UNSET":  "age key: env:USHER_TEST_UNSET: no such secret",
		"age:key":               "cannot be kept in a store",
		"hunter2":               "a password in the configuration file",
	} {
		_, err := secrets.LoadIdentity(t.Context(), r, ref)
		wantError(t, err, says)
	}
}

func TestABoxOpensWhatItSealedAndNothingElse(t *testing.T) {
	t.Parallel()
	box, other := newBox(t), newBox(t)
	for _, plain := range [][]byte{nil, []byte("hunter2"), bytes.Repeat([]byte("x"), 200<<10)} {
		sealed, err := box.Seal(plain)
		if err != nil || bytes.Contains(sealed, []byte("hunter2")) {
			t.Fatalf("sealed %d bytes, %v", len(sealed), err)
		}
		if got, err := box.Open(sealed); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("opened %d bytes, want %d: %v", len(got), len(plain), err)
		}
		if got, err := other.Open(sealed); !errors.Is(err, secrets.ErrWrongKey) || got != nil {
			t.Errorf("another key gives %d bytes and %v", len(got), err)
		}
		for _, n := range []int{0, 1, 50, len(sealed) / 2, len(sealed) - 1} {
			if got, err := box.Open(sealed[:n]); !errors.Is(err, secrets.ErrDamaged) || got != nil {
				t.Errorf("the first %d of %d bytes give %d bytes and %v", n, len(sealed), len(got), err)
			}
		}
		changed := bytes.Clone(sealed)
		changed[len(changed)-1] ^= 1
		if got, err := box.Open(changed); !errors.Is(err, secrets.ErrDamaged) || got != nil {
			t.Errorf("changed bytes give %d bytes and %v", len(got), err)
		}
		if got, err := box.Open(append(sealed, 'x')); err == nil || got != nil {
			t.Errorf("a byte too many gives %d bytes and %v", len(got), err)
		}
	}
}

func TestABoxIsReadByAgeItself(t *testing.T) {
	t.Parallel()
	id, text := newIdentity(t)
	box, err := secrets.NewBox(id)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := box.Seal([]byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := age.ParseX25519Identity(text.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), x)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(r); err != nil || plain.String() != "hunter2" {
		t.Errorf("age reads %q, %v", plain.String(), err)
	}
}

func TestAMACBelongsToItsIdentityAndLabel(t *testing.T) {
	t.Parallel()
	id, text := newIdentity(t)
	box, err := secrets.NewBox(id)
	if err != nil {
		t.Fatal(err)
	}
	mac := box.MAC("breaker")
	again, err := secrets.ParseIdentity(secrets.New("# the same\n" + text.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	same, err := secrets.NewBox(again)
	if err != nil {
		t.Fatal(err)
	}
	if len(mac) != 32 || !bytes.Equal(mac, same.MAC("breaker")) {
		t.Error("the same identity and label give another key")
	}
	if bytes.Equal(mac, box.MAC("audit")) || bytes.Equal(mac, newBox(t).MAC("breaker")) {
		t.Error("another label or identity gives the same key")
	}
}

func TestAZeroIdentityEncryptsNothing(t *testing.T) {
	t.Parallel()
	if _, err := secrets.NewBox(secrets.Identity{}); err == nil {
		t.Error("NewBox made a Box")
	}
	var box secrets.Box
	if sealed, err := box.Seal([]byte("x")); err == nil || sealed != nil {
		t.Error("the zero Box sealed")
	}
	if _, err := box.Open([]byte("x")); err == nil {
		t.Error("the zero Box opened")
	}
	if (secrets.Identity{}).String() != "" {
		t.Error("the zero Identity has a recipient")
	}
	defer func() {
		if recover() == nil {
			t.Error("MAC of the zero Box did not panic")
		}
	}()
	box.MAC("x")
}
