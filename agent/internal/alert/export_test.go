package alert

import (
	"errors"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/secrets"
)

// Scrub is what is left of an error's text about the address.
func Scrub(address, text string) string {
	return newScrubber(secrets.New(address)).clean(errors.New(text))
}

// Parameters are what is handed to shoutrrr beside the text.
func Parameters(address string) (map[string]string, error) {
	_, p, err := parametersFor(secrets.New(address), message{kind: agent.Fire})
	return p, err
}
