package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
)

// What a filter may be at most.
const (
	longestFilter = 1 << 10
	deepestFilter = 8
)

// A matcher says whether a resource, or one value of an attribute, is meant.
type matcher func(tree) bool

// A filterParser reads a filter of RFC 7644: eq ne co sw ew pr, and or not, brackets and value paths.
type filterParser struct {
	rest  string
	depth int
	cased bool // compare with case
}

// parseFilter reads a whole filter.
func parseFilter(text string, cased bool) (matcher, error) {
	if len(text) > longestFilter {
		return nil, fmt.Errorf("a filter has at most %d bytes", longestFilter)
	}
	p := &filterParser{rest: text, cased: cased}
	m, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); p.rest != "" {
		return nil, fmt.Errorf("there is more after the filter: %q", p.rest)
	}
	return m, nil
}

func (p *filterParser) space() { p.rest = strings.TrimLeft(p.rest, " ") }

// word takes a keyword, where it is next.
func (p *filterParser) word(w string) bool {
	p.space()
	if len(p.rest) < len(w) || !strings.EqualFold(p.rest[:len(w)], w) {
		return false
	}
	if after := p.rest[len(w):]; after == "" || strings.IndexByte(" ()]", after[0]) >= 0 || len(w) == 1 {
		p.rest = after
		return true
	}
	return false
}

func (p *filterParser) or() (matcher, error) {
	if p.depth++; p.depth > deepestFilter {
		return nil, fmt.Errorf("a filter is at most %d deep", deepestFilter)
	}
	defer func() { p.depth-- }()
	m, err := p.and()
	for err == nil && p.word("or") {
		var next matcher
		next, err = p.and()
		last := m
		m = func(t tree) bool { return last(t) || next(t) }
	}
	return m, err
}

func (p *filterParser) and() (matcher, error) {
	m, err := p.one()
	for err == nil && p.word("and") {
		var next matcher
		next, err = p.one()
		last := m
		m = func(t tree) bool { return last(t) && next(t) }
	}
	return m, err
}

func (p *filterParser) one() (matcher, error) {
	if p.word("not") {
		m, err := p.one()
		return func(t tree) bool { return !m(t) }, err
	}
	if p.word("(") {
		m, err := p.or()
		if err == nil && !p.word(")") {
			err = fmt.Errorf("a bracket is not closed before %q", p.rest)
		}
		return m, err
	}
	p.space()
	end := strings.IndexAny(p.rest, " [)")
	if end <= 0 {
		return nil, fmt.Errorf("an attribute, an operator and a value are wanted, not %q", p.rest)
	}
	path := p.rest[:end]
	p.rest = p.rest[end:]
	if strings.HasPrefix(p.rest, "[") {
		return p.values(path)
	}
	return p.compare(path)
}

// values reads emails[type eq "work"] and what may follow it.
func (p *filterParser) values(path string) (matcher, error) {
	p.rest = p.rest[1:]
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); !strings.HasPrefix(p.rest, "]") {
		return nil, fmt.Errorf("a value path is not closed before %q", p.rest)
	}
	p.rest = p.rest[1:]
	chosen := func(t tree) []any {
		var out []any
		for _, v := range items(get(t, path)) {
			if one, ok := v.(tree); ok && inner(one) {
				out = append(out, one)
			}
		}
		return out
	}
	sub, ok := strings.CutPrefix(p.rest, ".")
	if !ok {
		return func(t tree) bool { return len(chosen(t)) > 0 }, nil
	}
	end := strings.IndexByte(sub, ' ')
	if end <= 0 {
		return nil, fmt.Errorf("an operator is wanted after %q", sub)
	}
	name := sub[:end]
	p.rest = sub[end:]
	test, err := p.test()
	return func(t tree) bool {
		for _, v := range chosen(t) {
			if test(valuesAt(v, name)) {
				return true
			}
		}
		return false
	}, err
}

func (p *filterParser) compare(path string) (matcher, error) {
	test, err := p.test()
	return func(t tree) bool { return test(valuesAt(t, path)) }, err
}

// valuesAt returns the values at a path: of an attribute with several, the "value" of each.
func valuesAt(v any, path string) []any {
	if t, ok := v.(tree); ok && strings.HasPrefix(strings.ToLower(path), "urn:") {
		for k := range t {
			if rest, ok := cutFold(path, k+":"); ok {
				return valuesAt(t[k], rest)
			}
		}
		i := strings.LastIndexByte(path, ':')
		return valuesAt(v, path[i+1:])
	}
	name, rest, deeper := strings.Cut(path, ".")
	var out []any
	for _, one := range items(v) {
		t, ok := one.(tree)
		if !ok {
			continue
		}
		got := get(t, name)
		if deeper {
			out = append(out, valuesAt(got, rest)...)
			continue
		}
		for _, leaf := range items(got) {
			if b, ok := leaf.(tree); ok {
				leaf = get(b, "value")
			}
			if leaf != nil {
				out = append(out, leaf)
			}
		}
	}
	return out
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// test reads an operator and the value that it compares with.
func (p *filterParser) test() (func([]any) bool, error) {
	if p.word("pr") {
		return func(v []any) bool { return len(v) > 0 }, nil
	}
	for op, holds := range map[string]func(a, b string) bool{
		"eq": func(a, b string) bool { return a == b }, "ne": func(a, b string) bool { return a == b },
		"co": strings.Contains, "sw": strings.HasPrefix, "ew": strings.HasSuffix,
	} {
		if !p.word(op) {
			continue
		}
		p.space()
		d := json.NewDecoder(strings.NewReader(p.rest))
		var want any
		if err := d.Decode(&want); err != nil {
			return nil, fmt.Errorf("a value in JSON is wanted after %s: %w", op, err)
		}
		p.rest = p.rest[d.InputOffset():]
		hit := func(v []any) bool {
			for _, one := range v {
				if p.holds(holds, one, want, op) {
					return true
				}
			}
			return false
		}
		if op == "ne" {
			return func(v []any) bool { return !hit(v) }, nil
		}
		return hit, nil
	}
	return nil, fmt.Errorf("no operator is known at %q", p.rest)
}

func (p *filterParser) holds(op func(a, b string) bool, v, want any, name string) bool {
	a, isText := v.(string)
	b, wantsText := want.(string)
	if !isText || !wantsText {
		return (name == "eq" || name == "ne") && v == want
	}
	if !p.cased {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	return op(a, b)
}
