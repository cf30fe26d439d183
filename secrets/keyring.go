package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// keyringTimeout leaves a person the time to unlock the keyring in its window.
const keyringTimeout = time.Minute

// keyringSource asks the keyring of the desktop (Secret Service, macOS Keychain).
type keyringSource struct {
	get     func(service, user string) (string, error)
	timeout time.Duration
}

func (s keyringSource) Get(ctx context.Context, name string) (Value, error) {
	cut := strings.LastIndexByte(name, '/')
	if cut <= 0 || cut == len(name)-1 {
		return Value{}, errors.New("write keyring:SERVICE/USER")
	}
	type answer struct {
		value Value
		err   error
	}
	// go-keyring takes no context, and waits where the keyring is locked and nobody is there to unlock it.
	// The goroutine ends when the keyring answers; nobody waits for it longer than the timeout.
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answers := make(chan answer, 1)
	go func() {
		text, err := s.get(name[:cut], name[cut+1:])
		answers <- answer{New(text), err}
	}()
	select {
	case <-ctx.Done():
		return Value{}, fmt.Errorf("the keyring did not answer (is it locked?): %w", ctx.Err())
	case a := <-answers:
		switch {
		case errors.Is(a.err, keyring.ErrNotFound):
			return Value{}, fmt.Errorf("%w: the keyring has no entry of this service and user", ErrNotFound)
		case a.err != nil:
			return Value{}, fmt.Errorf("no keyring answers here; it needs a desktop session, "+
				"so on a server or in a container use env:, file: or age: instead: %w", a.err)
		case a.value.Empty():
			return Value{}, fmt.Errorf("%w: the keyring's entry is empty", ErrNotFound)
		}
		return a.value, nil
	}
}
