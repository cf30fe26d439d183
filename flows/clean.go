package flows

import (
	"net/mail"
	"strings"
	"unicode"
)

// Clean makes a stranger's text harmless to show and to keep: one line, no control, format or
// private-use characters (terminal escapes, bidirectional overrides, icon fonts), white space
// folded, at most 500 characters. Markup and formulas are the business of whoever prints
// HTML or CSV.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	return wash(s)
}

// mostClean is how many characters are left of a text.
const mostClean = 500

// isClean knows most of the texts that are harmless already: printable ASCII with white space folded.
// What it does not know may be harmless as well.
func isClean(s string) bool {
	if len(s) > mostClean {
		return false
	}
	gap := true // white space may not come next
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ' && gap, c < ' ', c > '~':
			return false
		default:
			gap = c == ' '
		}
	}
	return !gap || s == ""
}

func wash(s string) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			gap = n > 0
			continue
		case r == unicode.ReplacementChar, !unicode.IsPrint(r), unicode.Is(unicode.Co, r):
			continue
		}
		// A gap is written with what follows it, so that the end is never white space.
		wide := 1
		if gap {
			wide = 2
		}
		if n+wide > mostClean {
			break
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
		n += wide
	}
	return b.String()
}

// Address checks an e-mail address that a person typed and returns it trimmed and in lower case.
// It takes one bare address (no display name, no list, no control characters).
func Address(s string) (string, error) {
	s = strings.TrimSpace(s)
	bad := func(why string) (string, error) {
		return "", Errorf(Invalid, "read the address", "%q is not an e-mail address: %s", Clean(s), why).
			WithHint("give one bare address such as ana@example.com")
	}
	lower := strings.ToLower(s)
	if len(lower) > 254 {
		return bad("longer than 254 characters")
	}
	if Clean(s) != s || strings.ContainsAny(s, " <>,;\"") {
		return bad("it holds characters that no address here may have")
	}
	if strings.ContainsFunc(s, poses) {
		return bad("it holds a letter that only looks like another one")
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return bad("it does not parse")
	}
	if a.Address != s {
		return bad("it is more than an address")
	}
	at := strings.LastIndexByte(s, '@')
	if !strings.Contains(s[at+1:], ".") || strings.HasSuffix(s, ".") || strings.ContainsAny(s[at+1:], "[]") {
		return bad("the domain is not a full one")
	}
	return lower, nil
}

// poses tells whether a letter that is not ASCII becomes one of ASCII in lower case, as the Kelvin
// sign becomes k and the dotted İ becomes i: in lower case the address would be somebody else's.
func poses(r rune) bool { return r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII }
