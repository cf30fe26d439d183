package agent_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func TestAMessageSaysNoCodeInItsMiddle(t *testing.T) {
	t.Parallel()
	guard := flows.Errorf(flows.Refused, "guard", "ana is protected")
	for want, err := range map[string]error{
		"plain":                                   errors.New("plain"),
		"ana is protected":                        guard,
		"write down the press: ana is protected":  fmt.Errorf("write down the press: %w", guard),
		"pressed, and then: press: it was frozen": flows.Errorf(flows.Unverified, "look", "pressed, and then: %w", fmt.Errorf("press: %w", flows.Errorf(flows.Refused, "guard", "it was frozen"))),
	} {
		if got := agent.MessageOf(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
