package flows

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Code says what follows from an error: whether to retry, whom to tell, how to exit.
type Code string

// The codes. [Table] is the one place that says what follows from each.
const (
	LoginRefused Code = "login_refused"
	Challenge    Code = "challenge"
	SessionLost  Code = "session_lost"
	Drift        Code = "drift"
	Unavailable  Code = "unavailable"
	WrongTenant  Code = "wrong_tenant"
	NotFound     Code = "not_found"
	Ambiguous    Code = "ambiguous"
	Refused      Code = "refused"
	Waiting      Code = "waiting"
	Unverified   Code = "unverified"
	Unsupported  Code = "unsupported"
	Incomplete   Code = "incomplete"
	Invalid      Code = "invalid"
	Internal     Code = "internal"
)

// Retry says whether the same thing may be tried again without a person.
type Retry int

// The answers to "again?".
const (
	RetryNever   Retry = iota
	RetryOnce          // once, from sign-in
	RetryBackoff       // later, and later still; Error.After says how long at least
)

// Consequence is a row of the table of codes.
type Consequence struct {
	Meaning string
	Retry   Retry
	Alert   string // "", "yes", "page" (wake somebody), "after" (when it goes on)
	Exit    int
	HTTP    int
	// Worse orders outcomes of one command over several connections: the highest is its exit.
	Worse int
}

// Table decides retry, alert, exit code and HTTP status for every code.
var Table = map[Code]Consequence{
	LoginRefused: {"the sign-in was refused", RetryNever, "page", 10, 502, 11},
	Challenge:    {"the console asks for a person (captcha, e-mail code, device check)", RetryNever, "page", 11, 502, 10},
	SessionLost:  {"signed out midway", RetryOnce, "", 12, 503, 6},
	Drift:        {"the console does not look as its sheet says", RetryNever, "yes", 13, 502, 8},
	Unavailable:  {"the console is down, slow or limits us", RetryBackoff, "after", 14, 503, 7},
	WrongTenant:  {"signed in to another workspace", RetryNever, "page", 15, 502, 12},
	NotFound:     {"no such account", RetryNever, "", 20, 404, 2},
	Ambiguous:    {"more than one account answers", RetryNever, "yes", 21, 409, 9},
	Refused:      {"a guardrail said no", RetryNever, "yes", 22, 403, 4},
	Waiting:      {"needs an approval or a review", RetryNever, "yes", 23, 202, 1},
	Unverified:   {"acted, and not seen to have worked", RetryNever, "page", 24, 502, 14},
	Unsupported:  {"the app or this connection cannot do that", RetryNever, "", 25, 400, 3},
	Incomplete:   {"the roster could not be proved complete", RetryOnce, "yes", 26, 502, 5},
	Invalid:      {"bad input or configuration", RetryNever, "", 2, 400, 3},
	Internal:     {"a fault of usher's own", RetryNever, "yes", 1, 500, 13},
}

// An Error is what a person and the agent can act upon.
type Error struct {
	Code  Code
	Op    string        // what was being done: "sign in", "read the roster"
	Msg   string        // what is wrong, in a sentence
	Hint  string        // what to do next
	After time.Duration // not before this long, where the console said so
	Err   error
	// Seen says that what is there was seen, and is not as ordered: a further look, which may see
	// less, must not overrule it.
	Seen bool
}

// Errorf makes an Error; %w is understood as in fmt.Errorf.
func Errorf(code Code, op, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause := errors.Unwrap(err) // nil where there are several
	if _, several := err.(interface{ Unwrap() []error }); several {
		cause = err
	}
	return &Error{Code: code, Op: op, Msg: err.Error(), Err: cause}
}

// WithHint sets what to do next and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// AsSeen marks e as what was seen to be wrong, and returns it.
func (e *Error) AsSeen() *Error {
	e.Seen = true
	return e
}

// SeenWrong says whether err, or anything that it wraps, was seen to be wrong (see [Error].Seen).
func SeenWrong(err error) bool {
	if e, ok := err.(*Error); ok && e != nil && e.Seen { //nolint:errorlint // the walk is done here, as there may be several
		return true
	}
	switch err := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		return SeenWrong(err.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(err.Unwrap(), SeenWrong)
	}
	return false
}

func (e *Error) Error() string {
	s := string(e.Code) + ": "
	if e.Op != "" {
		s += e.Op + ": "
	}
	return s + e.Msg
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of err: the outermost Error's, Internal for any other and for a code that
// is not in the [Table], "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if _, known := Table[e.Code]; known {
			return e.Code
		}
	}
	return Internal
}

// HintOf returns what to do next, or "".
func HintOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Hint
	}
	return ""
}

// Exit returns the process exit code that follows from err.
func Exit(err error) int {
	if err == nil {
		return 0
	}
	return Table[CodeOf(err)].Exit
}

// Worst returns the error that a command over several connections ends with.
func Worst(errs ...error) error {
	var worst error
	for _, err := range errs {
		if err != nil && (worst == nil || Table[CodeOf(err)].Worse > Table[CodeOf(worst)].Worse) {
			worst = err
		}
	}
	return worst
}
