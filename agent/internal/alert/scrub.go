package alert

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// A scrubber takes an address, and every part of it, out of an error: libraries quote the address
// they were given, and addresses that they made of its parts.
type scrubber struct{ mask *secrets.Mask }

// quoted finds whatever looks like an address, ours or one made of ours.
var quoted = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*`)

// harmlessKeys are the parameters of an address whose values are no secrets, and what a person wants
// to read in an error.
var harmlessKeys = []string{"from", "fromaddress", "to", "toaddresses", "fromname", "subject", "title"}

// newScrubber returns the scrubber of an address and further secrets.
func newScrubber(address secrets.Value, more ...secrets.Value) *scrubber {
	s := &scrubber{mask: secrets.NewMask(append(more, address)...)}
	raw := address.Reveal()
	u, err := url.Parse(raw)
	if err != nil {
		s.parts(raw)
		return s
	}
	if u.User != nil {
		word, _ := u.User.Password()
		s.parts(u.User.Username(), word)
	}
	if host := u.Hostname(); !strings.Contains(host, ".") && host != "localhost" && !loopback(host) {
		s.parts(host) // no host at all: many services have a token in its place
	}
	s.parts(u.Path, u.Fragment, u.Opaque)
	for key, values := range u.Query() {
		if !slices.Contains(harmlessKeys, strings.ToLower(key)) {
			s.parts(values...)
		}
	}
	return s
}

// part is what a token may be torn into when an address is made of it.
var part = regexp.MustCompile(`[A-Za-z0-9_]+`)

func (s *scrubber) parts(texts ...string) {
	for _, t := range texts {
		s.mask.Add(secrets.New(t))
		for _, p := range part.FindAllString(t, -1) {
			s.mask.Add(secrets.New(p))
		}
	}
}

// also adds a secret.
func (s *scrubber) also(v secrets.Value) { s.mask.Add(v) }

// clean makes an error's text fit to be shown and kept.
func (s *scrubber) clean(err error) string {
	return flows.Clean(s.mask.String(quoted.ReplaceAllString(err.Error(), "[address]")))
}
