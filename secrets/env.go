package secrets

import (
	"context"
	"fmt"
)

// envSource reads variables of the environment, of the names that a shell can set.
type envSource struct {
	lookup func(string) (string, bool)
}

func (s envSource) Get(_ context.Context, name string) (Value, error) {
	if !isEnvName(name) {
		return Value{}, fmt.Errorf("%w name of a variable: it has letters, digits and _ only, and no $", errUnsafeName)
	}
	text, ok := s.lookup(name)
	if !ok {
		return Value{}, fmt.Errorf("%w: the variable is not set in the environment of this process", ErrNotFound)
	}
	if text == "" {
		return Value{}, fmt.Errorf("%w: the variable is set and empty", ErrNotFound)
	}
	if len(text) > maxSecret {
		return Value{}, fmt.Errorf("longer than %d KiB: this is no password", maxSecret>>10)
	}
	return New(text), nil
}

func isEnvName(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return s != ""
}
