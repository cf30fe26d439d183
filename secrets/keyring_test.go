package secrets

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"
)

func TestAReferenceToTheKeyring(t *testing.T) {
	t.Parallel()
	entries := map[[2]string]string{
		{"usher", "bot@acme.test"}:         "one",
		{"https://app.acme.test/x", "bot"}: "two",
		{"usher", "empty"}:                 "",
	}
	get := func(service, user string) (string, error) {
		text, ok := entries[[2]string{service, user}]
		if !ok {
			return "", keyring.ErrNotFound
		}
		return text, nil
	}
	r := NewResolver(WithSource(schemeKeyring, keyringSource{get: get, timeout: keyringTimeout}))
	for ref, want := range map[string]string{
		"keyring:usher/bot@acme.test":         "one",
		"keyring:https://app.acme.test/x/bot": "two",
	} {
		if v, err := r.Resolve(t.Context(), ref); err != nil || v.Reveal() != want {
			t.Errorf("%s: %q, %v", ref, v.Reveal(), err)
		}
	}
	for _, ref := range []string{"keyring:usher/other", "keyring:usher/empty"} {
		if _, err := r.Resolve(t.Context(), ref); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), ref) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for _, ref := range []string{"keyring:usher", "keyring:/bot", "keyring:usher/"} {
		if _, err := r.Resolve(t.Context(), ref); err == nil || !strings.Contains(err.Error(), "write keyring:SERVICE/USER") {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestWhereNoKeyringIsTheErrorSaysWhatElseToUse(t *testing.T) {
	// go-keyring finds no session bus, and cannot start one, on any machine.
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	t.Setenv("PATH", t.TempDir())
	_, err := NewResolver().Resolve(t.Context(), "keyring:usher/bot")
	if err == nil || !strings.Contains(err.Error(), "keyring:usher/bot: no keyring answers here") ||
		!strings.Contains(err.Error(), "use env:, file: or age:") || errors.Is(err, ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
}

func TestAKeyringThatDoesNotAnswerIsNotWaitedForLonger(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	get := func(string, string) (string, error) { <-never; return "", nil }
	r := NewResolver(WithSource(schemeKeyring, keyringSource{get: get, timeout: 20 * time.Millisecond}))
	if _, err := r.Resolve(t.Context(), "keyring:usher/bot"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r = NewResolver(WithSource(schemeKeyring, keyringSource{get: get, timeout: time.Hour}))
	if _, err := r.Resolve(ctx, "keyring:usher/bot"); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
