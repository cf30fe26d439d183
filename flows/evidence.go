package flows

import (
	"context"
	"time"
)

// A Step is one thing that a flow did or saw, written down as it happened.
type Step struct {
	At   time.Time     `json:"at"`
	Name string        `json:"name"`           // "click users.add", "read page 3"
	Took time.Duration `json:"took,omitempty"` // in nanoseconds
	// Element is the sheet's name, Selector the candidate that found it.
	Element  string `json:"element,omitempty"`
	Selector string `json:"selector,omitempty"`
	Note     string `json:"note,omitempty"` // what was read, or why it failed
	Failed   bool   `json:"failed,omitempty"`
	// Picture is a PNG in which secrets are masked; nil for most steps.
	Picture []byte `json:"-"`
}

// A Recorder keeps evidence. An error ends the flow: what cannot be recorded is not done.
type Recorder interface {
	Record(ctx context.Context, s Step) error
}
