package secrets

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// minMasked is the least number of letters of a secret that is masked. Shorter ones would blot out ordinary
// words, and show by that what they are.
const minMasked = 4

// A Mask replaces every occurrence of some secrets by "[secret]": plain, in hex, in base64 (standard and URL
// alphabet, with and without padding, also in the midst of a longer encoded text), and escaped for URLs,
// JSON and HTML, once or twice over. Values shorter than 4 letters are ignored. It does not find what was
// encrypted, compressed, hashed, broken into lines, changed in case, or otherwise encoded.
//
// A Mask is the second net. The first is that secrets are a [Value] and never written.
//
// It is safe for concurrent use. A nil Mask changes nothing.
type Mask struct {
	mu    sync.Mutex // held by Add, and guards seen
	seen  alphabet
	state atomic.Pointer[maskState]
}

// maskState is never changed, only replaced.
type maskState struct {
	values []Value
	// byFirst has the patterns that may begin with that byte.
	byFirst [256][]*pattern
}

// NewMask returns a Mask of values.
func NewMask(values ...Value) *Mask {
	m := &Mask{}
	m.Add(values...)
	return m
}

// Add adds values. What was written before is not looked at again.
func (m *Mask) Add(values ...Value) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = alphabet{}
	}
	next := &maskState{}
	if old := m.state.Load(); old != nil {
		*next = *old
		next.values = slices.Clone(old.values)
		for i := range next.byFirst {
			next.byFirst[i] = slices.Clip(next.byFirst[i])
		}
	}
	for _, v := range values {
		secret := v.Reveal()
		if utf8.RuneCountInString(secret) < minMasked || slices.ContainsFunc(next.values, v.Equal) {
			continue
		}
		next.values = append(next.values, v)
		for _, p := range m.seen.patternsOf(secret) {
			firsts := map[byte]bool{}
			for _, s := range p.letters[0] {
				firsts[s[0]] = true
			}
			for c := range firsts {
				next.byFirst[c] = append(next.byFirst[c], &p)
			}
		}
	}
	m.state.Store(next)
}

// String returns s with every secret replaced.
func (m *Mask) String(s string) string {
	found, _ := m.find(s)
	return replace(s, found)
}

// Bytes returns b with every secret replaced. It does not change b.
func (m *Mask) Bytes(b []byte) []byte { return []byte(m.String(string(b))) }

// span is a piece of a text.
type span struct{ start, end int }

// find returns where the secrets are in s, in order and apart, and from where on s may be the beginning of
// one that is not all there (len(s) where it is not). Secrets that overlap are one span.
func (m *Mask) find(s string) (found []span, pending int) {
	pending = len(s)
	if m == nil {
		return nil, pending
	}
	state := m.state.Load()
	if state == nil || len(state.values) == 0 {
		return nil, pending
	}
	for i := range len(s) {
		for _, p := range state.byFirst[s[i]] {
			n, begun := p.match(s[i:])
			start := swallow(s, i, -p.before)
			if begun {
				pending = min(pending, start)
			}
			if n == 0 {
				continue
			}
			found = append(found, span{start, swallow(s, i+n, p.after)})
		}
	}
	return merge(found), pending
}

func merge(found []span) []span {
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	merged := found[:0]
	for _, f := range found {
		if n := len(merged); n > 0 && f.start < merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, f.end)
			continue
		}
		merged = append(merged, f)
	}
	return merged
}

// swallow moves the edge at by one, outwards, over a letter of base64.
func swallow(s string, at, by int) int {
	i := at
	if by < 0 {
		i = at - 1
	}
	if by == 0 || i < 0 || i >= len(s) {
		return at
	}
	if c := s[i]; c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("+/-_", c) >= 0 {
		return at + by
	}
	return at
}

func replace(s string, found []span) string {
	if len(found) == 0 {
		return s
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		b.WriteString(s[at:f.start])
		b.WriteString(masked)
		at = f.end
	}
	b.WriteString(s[at:])
	return b.String()
}
