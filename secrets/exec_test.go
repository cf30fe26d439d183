package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/secrets"
)

// script writes a small shell script that stands for a command line tool, and returns how to call it. It is
// sh that is run: a file that was just written is "busy" while a parallel test's new process still has it open.
func script(t *testing.T, body string) string {
	t.Helper()
	return "sh " + write(t, filepath.Join(t.TempDir(), "tool"), body+"\n", 0o600)
}

func TestACommandsOutputIsTheSecret(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, args, want string }{
		{"one newline is trimmed", `printf 'hunter2\n'`, "", "hunter2"},
		{"a second one is not", `printf 'a\nb\n\n'`, "", "a\nb\n"},
		{"none is needed", `printf hunter2`, "", "hunter2"},
		{"stderr is no part of it", `echo warning >&2; echo hunter2`, "", "hunter2"},
		{"words are kept apart", `for a; do printf '[%s]' "$a"; done`, `read 'op://My Vault/x' "a \"b\"" c\ d ''`, `[read][op://My Vault/x][a "b"][c d][]`},
		{"no shell acts on them", `printf '%s' "$1$2"`, `'$(id)' '*'`, "$(id)*"},
		{"standard input is empty", `cat; echo end`, "", "end"},
		{"the environment is passed on", `printf '%s' "${PATH:+there}"`, "", "there"},
		{"the largest", `head -c 65536 /dev/zero | tr '\0' x; echo`, "", strings.Repeat("x", 64<<10)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := secrets.NewResolver().Resolve(t.Context(), "exec:"+script(t, tt.body)+" "+tt.args)
			if err != nil || v.Reveal() != tt.want {
				t.Errorf("resolved to %q, %v", v.Reveal(), err)
			}
		})
	}
}

func TestACommandThatFailsSaysWhyAndNotTheSecret(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		says       []string
		notFound   bool
	}{
		{name: "its first complaint", body: `echo '[ERROR] not signed in' >&2; echo more >&2; exit 6`, says: []string{"exit status 6", "[ERROR] not signed in"}},
		{name: "without one", body: `exit 1`, says: []string{"exit status 1"}},
		{name: "secret printed before", body: `echo hunter2; echo "could not decode hunter2" >&2; exit 1`, says: []string{"could not decode [secret]"}},
		{name: "secret encoded", body: `echo hunter2; printf hunter2 | base64 >&2; exit 1`, says: []string{"exit status 1: [secret]"}},
		{name: "one line of several", body: `printf 'user\nhunter2\n'; echo "bad hunter2" >&2; exit 1`, says: []string{"bad [secret]"}},
		{name: "escapes", body: `printf '\033[31mbad\007\n' >&2; exit 1`, says: []string{"[31mbad"}},
		{name: "killed", body: `kill -9 $$`, says: []string{"signal: killed"}},
		{name: "nothing printed", body: `:`, says: []string{"printed nothing"}, notFound: true},
		{name: "only a newline", body: `echo`, says: []string{"printed nothing"}, notFound: true},
		{name: "too much", body: `head -c 200000 /dev/zero | tr '\0' x`, says: []string{"more than 64 KiB"}},
		{name: "one byte too much", body: `head -c 65537 /dev/zero | tr '\0' x`, says: []string{"more than 64 KiB"}},
		{name: "long complaint", body: `head -c 9000 /dev/zero | tr '\0' x >&2; exit 1`, says: []string{"xxx..."}},
		{name: "output held open", body: `printf half; sleep 60 & exit 0`, says: []string{"may be half of it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ref := "exec:" + script(t, tt.body)
			v, err := secrets.NewResolver().Resolve(t.Context(), ref)
			wantError(t, err, append(tt.says, ref+": ")...)
			if !v.Empty() || errors.Is(err, secrets.ErrNotFound) != tt.notFound {
				t.Errorf("there is a value, or ErrNotFound is wrong: %v", err)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b\a") || len(err.Error()) > 700 {
				t.Errorf("not one clean line: %q", err)
			}
		})
	}
}

func TestATokenOfTheEnvironmentDoesNotReachTheError(t *testing.T) {
	t.Setenv("USHER_TEST_TOKEN", "hunter2hunter2")
	_, err := secrets.NewResolver().Resolve(t.Context(), "exec:"+script(t, `echo "401 for $USHER_TEST_TOKEN" >&2; exit 1`))
	wantError(t, err, "401 for [secret]")
}

func TestACommandThatCannotBeRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct{ ref, says string }{
		{"exec:usher-no-such-tool read x", `no command "usher-no-such-tool" in the PATH`},
		{"exec:" + dir + "/none", "no such file"},
		{"exec:" + write(t, filepath.Join(dir, "plain"), "#!/bin/sh\n", 0o600), "permission denied"},
		{"exec:op read x | head", "no shell reads this command"},
		{"exec:op 'read", "not closed"},
		{"exec: ", "no command is named"},
	}
	for _, tt := range tests {
		_, err := secrets.NewResolver().Resolve(t.Context(), tt.ref)
		wantError(t, err, tt.says, tt.ref)
	}
}

func TestASlowCommandIsEndedWithItsChildren(t *testing.T) {
	t.Parallel()
	pids := filepath.Join(t.TempDir(), "pids")
	ref := fmt.Sprintf("exec:%s '%s'", script(t, `sleep 300 & echo $! > "$1.new"; mv "$1.new" "$1"; echo hunter2; wait`), pids)
	const timeout = 2 * time.Second
	begun := time.Now()
	_, err := secrets.NewResolver(secrets.WithExecTimeout(timeout)).Resolve(t.Context(), ref)
	wantError(t, err, "did not end within 2s", "run it by hand")
	if took := time.Since(begun); took > timeout+10*time.Second {
		t.Errorf("it took %v", took)
	}
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !gone(pid) {
		select {
		case <-ctx.Done():
			t.Fatalf("the child %d is still there", pid)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// gone says whether the process has ended; one that nobody has waited for yet counts as ended.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestACancelledContextEndsTheCommand(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	started := filepath.Join(t.TempDir(), "started")
	done := make(chan error, 1)
	ref := fmt.Sprintf("exec:%s '%s'", script(t, `: > "$1"; exec sleep 300`), started)
	go func() {
		_, err := secrets.NewResolver().Resolve(ctx, ref)
		done <- err
	}()
	deadline := time.After(20 * time.Second)
	for {
		if _, err := os.Stat(started); err == nil {
			break
		}
		select {
		case <-deadline:
			t.Fatal("the command did not start")
		case <-time.After(5 * time.Millisecond):
		}
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	case <-deadline:
		t.Fatal("the command was not ended")
	}
}
