package secrets

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// What is printed in the place of a Value.
const (
	masked = "[secret]"
	none   = "[empty]"
)

// A Value is a secret that no printer can print: fmt with any verb, JSON, YAML, text, gob, slog and
// zerolog all give "[secret]", or "[empty]" for the zero Value. Only [Value.Reveal] gives it away, so
// that a search for Reveal finds every door.
//
// Values are compared with [Value.Equal]; == does not compile, on purpose.
type Value struct {
	// A closure, not a string: fmt prints the fields of a struct by reflection, without asking any
	// method, where the struct is in an unexported field or the verb is a bad one (%w, %p). Of a
	// function it can only print the address.
	reveal func() string
}

// New returns the Value of s.
func New(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{reveal: func() string { return s }}
}

// NewBytes returns the Value of a copy of b.
func NewBytes(b []byte) Value { return New(string(b)) }

// Reveal returns the secret itself.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// Empty says whether there is no secret in v.
func (v Value) Empty() bool { return v.reveal == nil }

// Equal says whether v and w are the same secret, in a time that does not depend on where they differ.
func (v Value) Equal(w Value) bool {
	a, b := sha256.Sum256([]byte(v.Reveal())), sha256.Sum256([]byte(w.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Digest returns the HMAC-SHA256 of v under key, in hex. It answers "has the secret changed?" without
// keeping it; the key ([Box.MAC]) is what stops a reader of the digest from guessing passwords.
func (v Value) Digest(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(v.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}

// String returns "[secret]", or "[empty]".
func (v Value) String() string {
	if v.Empty() {
		return none
	}
	return masked
}

// GoString returns what String returns.
func (v Value) GoString() string { return v.String() }

// Format writes what String returns, whatever the verb and its flags.
func (v Value) Format(f fmt.State, _ rune) {
	// fmt gives no way to report an error of its state, and its own states give none.
	_, _ = io.WriteString(f, v.String())
}

// MarshalText returns what String returns. There is no way back: a Value is never read from a document.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// MarshalJSON returns what String returns, in quotes. zerolog's Interface, Any and Fields come here too;
// a MarshalZerologObject would make them write an object instead.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + v.String() + `"`), nil }

// MarshalYAML returns what String returns.
func (v Value) MarshalYAML() (any, error) { return v.String(), nil }

// MarshalBinary returns what String returns; gob asks for it.
func (v Value) MarshalBinary() ([]byte, error) { return []byte(v.String()), nil }

// LogValue returns what String returns.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }
