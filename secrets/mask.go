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
	// Where a pattern may begin: by its first byte (for the end of a text), and by its first two.
	byFirst map[byte][]*pattern
	byPair  map[pair][]*pattern
	// pairs has a bit for each key of byPair. Nearly all places of a text are passed over by it.
	pairs [1 << 10]uint64
}

// pair is two bytes.
type pair uint16

func pairOf(a, b byte) pair { return pair(a)<<8 | pair(b) }

// at returns the patterns that may begin at the start of s, which is not empty.
func (m *maskState) at(s string) []*pattern {
	if len(s) == 1 {
		return m.byFirst[s[0]]
	}
	two := pairOf(s[0], s[1])
	if m.pairs[two>>6]&(1<<(two&63)) == 0 {
		return nil
	}
	return m.byPair[two]
}

func (m *maskState) add(p *pattern) {
	firsts, twos := map[byte]bool{}, map[pair]bool{}
	for _, s := range p.letters[0] {
		firsts[s[0]] = true
		if len(s) > 1 {
			twos[pairOf(s[0], s[1])] = true
			continue
		}
		for _, next := range p.letters[1] { // there are minMasked letters at least
			twos[pairOf(s[0], next[0])] = true
		}
	}
	for c := range firsts {
		m.byFirst[c] = append(m.byFirst[c], p)
	}
	for two := range twos {
		m.byPair[two] = append(m.byPair[two], p)
		m.pairs[two>>6] |= 1 << (two & 63)
	}
}

// clone returns a copy to which can be added while others read m.
func (m *maskState) clone() *maskState {
	next := &maskState{byFirst: map[byte][]*pattern{}, byPair: map[pair][]*pattern{}}
	if m == nil {
		return next
	}
	next.values, next.pairs = slices.Clone(m.values), m.pairs
	for c, ps := range m.byFirst {
		next.byFirst[c] = slices.Clip(ps)
	}
	for two, ps := range m.byPair {
		next.byPair[two] = slices.Clip(ps)
	}
	return next
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
	next := m.state.Load().clone()
	for _, v := range values {
		secret := v.Reveal()
		if utf8.RuneCountInString(secret) < minMasked || slices.ContainsFunc(next.values, v.Equal) {
			continue
		}
		next.values = append(next.values, v)
		for _, p := range m.seen.patternsOf(secret) {
			next.add(p)
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
		for _, p := range state.at(s[i:]) {
			n, begun := p.match(s[i:])
			if begun {
				pending = min(pending, i)
			}
			if n > 0 {
				found = append(found, span{i, i + n})
			}
		}
	}
	return merge(found), pending
}

// merge joins spans that overlap; they come in the order of their starts.
func merge(found []span) []span {
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
