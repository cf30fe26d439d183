package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unicode"
)

const (
	execTimeout = 30 * time.Second // a command that asks a person at a window needs some
	execLinger  = time.Second      // how long a killed command's pipes are waited for
	maxStderr   = 4 << 10
)

// execSource runs a command, without a shell and without standard input, and takes what it prints.
type execSource struct {
	timeout time.Duration
}

func (s execSource) Get(ctx context.Context, name string) (Value, error) {
	words, err := Split(name)
	if err != nil {
		return Value{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, errTooSlow)
	defer cancel()

	stdout, stderr := head{most: maxSecret + 2}, head{most: maxStderr} // + 2: the line ending is no part of it
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)            //nolint:gosec // the operator names the command
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = execLinger
	// A group of its own, so that the end of the wait ends the command's children too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err = cmd.Run()
	secret := trimNewline(stdout.kept.Bytes())

	switch {
	case err != nil && ctx.Err() != nil:
		if errors.Is(context.Cause(ctx), errTooSlow) {
			return Value{}, fmt.Errorf("%w within %v; run it by hand: it may be asking for something", errTooSlow, s.timeout)
		}
		return Value{}, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return Value{}, fmt.Errorf("there is no command %q in the PATH of this process: install it, or write its path", words[0])
	case errors.Is(err, exec.ErrWaitDelay):
		return Value{}, errors.New("the command ended and left a process behind that holds its output open: " +
			"what it printed may be half of it")
	case err != nil:
		if said := firstLine(stderr.kept.String(), secret); said != "" {
			return Value{}, fmt.Errorf("%w: %s", bare(err), said)
		}
		return Value{}, bare(err)
	case stdout.cut || len(secret) > maxSecret:
		return Value{}, fmt.Errorf("the command printed more than %d KiB: this is no password", maxSecret>>10)
	case len(secret) == 0:
		return Value{}, fmt.Errorf("%w: the command printed nothing", ErrNotFound)
	}
	return NewBytes(secret), nil
}

var errTooSlow = errors.New("the command did not end")

// head keeps the beginning of what is written to it, and takes the rest without keeping it, so that the
// writer never stops on a full pipe.
type head struct {
	kept bytes.Buffer
	most int
	cut  bool
}

func (h *head) Write(p []byte) (int, error) {
	room := h.most - h.kept.Len()
	if room < len(p) {
		h.cut = true
		h.kept.Write(p[:room])
	} else {
		h.kept.Write(p)
	}
	return len(p), nil
}

// firstLine returns the first line of what a command complained, fit for an error: without control
// characters, without what it had printed, and without the tokens that it was given in its environment.
func firstLine(stderr string, printed []byte) string {
	const most = 300
	m := NewMask(tokensOf(os.Environ())...)
	m.Add(NewBytes(printed))
	for line := range bytes.Lines(printed) {
		m.Add(NewBytes(bytes.TrimSpace(line)))
	}
	line, _, _ := strings.Cut(strings.TrimSpace(m.String(stderr)), "\n")
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, line)
	line = strings.TrimSpace(strings.ToValidUTF8(line, "?"))
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "..."
	}
	return line
}

// tokensOf returns the variables of environ that, by their names, hold secrets.
func tokensOf(environ []string) []Value {
	var values []Value
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		name = strings.ToUpper(name)
		for _, word := range []string{"TOKEN", "SECRET", "PASS", "PWD", "KEY", "CREDENTIAL", "AUTH", "SESSION"} {
			// A path is no secret, and an error without it is of no use (SSH_AUTH_SOCK, SOPS_AGE_KEY_FILE).
			if strings.Contains(name, word) && !strings.HasPrefix(text, "/") {
				values = append(values, New(text))
				break
			}
		}
	}
	return values
}
