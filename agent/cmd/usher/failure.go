package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// failureJSON is an error as programs get it.
type failureJSON struct {
	Code    flows.Code `json:"code"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

func failureOf(err error) *failureJSON {
	if err == nil {
		return nil
	}
	return &failureJSON{Code: flows.CodeOf(err), Message: plain(what(err)), Hint: plain(flows.HintOf(err))}
}

// tell says on standard error what went wrong and what to do next. A program gets it on standard
// output too, unless its answer holds it already.
func (c *cli) tell(err error) {
	c.warn("usher: %s", what(err))
	if hint := flows.HintOf(err); hint != "" {
		c.warn("  next: %s", hint)
	}
	if c.format == formatJSON && !c.told {
		if jerr := c.json(map[string]any{"error": failureOf(err)}); jerr != nil {
			c.warn("usher: %s", jerr)
		}
	}
}

// what returns an error's text; a signal needs no more words than one.
func what(err error) string {
	if _, ok := errors.AsType[interrupted](err); ok {
		return "interrupted"
	}
	s := err.Error()
	// What was typed wrong is said without the word that programs need.
	if e, ok := errors.AsType[*flows.Error](err); ok && e.Code == flows.Invalid {
		s = strings.TrimPrefix(s, string(flows.Invalid)+": ")
	}
	return s
}

// plain drops what is not to be shown, and keeps lines.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r), unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s)
}

// verdict is the error that a command over several connections ends with: the worst one. Where a
// person has an account on one of them, having none on another is no failure.
func verdict(results []agent.Result) error {
	errs := make([]error, 0, len(results))
	found := false
	for _, r := range results {
		if r.Err == nil {
			found = true
		}
		errs = append(errs, r.Err)
	}
	if found {
		for i, err := range errs {
			if flows.CodeOf(err) == flows.NotFound {
				errs[i] = nil
			}
		}
	}
	return flows.Worst(errs...)
}

// failed wraps an error of this package's own doing, for which no code says more.
func failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
