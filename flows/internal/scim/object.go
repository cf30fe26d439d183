package scim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An object is a JSON object as it came, so that what usher does not know can be sent back. The
// names of SCIM attributes are the same in any case.
type object map[string]any

// decodeObject reads one JSON object and nothing behind it. Numbers stay as they were written.
func decodeObject(raw []byte) (object, error) {
	r := newReader(raw)
	if k := r.dec.PeekKind(); k != jsontext.KindBeginObject && k != jsontext.KindInvalid {
		return nil, fmt.Errorf("no JSON object: it is a %s", kindName(k))
	}
	v, err := r.value()
	if err != nil {
		return nil, fmt.Errorf("no JSON object: %w", err)
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("no JSON object")
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return obj, nil
}

// get returns the attribute of that name in any case. Where there are several of different case the
// answer is none: which one counts is not to be guessed.
func (o object) get(name string) (any, bool) {
	if k, ok := o.key(name); ok {
		return o[k], true
	}
	return nil, false
}

// key returns the name as the object writes it.
func (o object) key(name string) (string, bool) {
	found, n := "", 0
	for k := range o {
		if strings.EqualFold(k, name) {
			found = k
			n++
		}
	}
	return found, n == 1
}

// text returns the string of that name.
func (o object) text(name string) (string, bool) {
	v, _ := o.get(name)
	s, ok := v.(string)
	return s, ok
}

// in returns the object of that name, or an empty one.
func (o object) in(name string) object {
	v, _ := o.get(name)
	m, ok := v.(map[string]any)
	if !ok {
		return object{}
	}
	return m
}

// set puts the attribute in the place of the one that has this name in any case.
func (o object) set(name string, v any) {
	if k, ok := o.key(name); ok {
		o[k] = v
		return
	}
	o.drop(name)
	o[name] = v
}

// drop takes the attribute away, however it is written.
func (o object) drop(name string) {
	for k := range o {
		if strings.EqualFold(k, name) {
			delete(o, k)
		}
	}
}

// clone copies the object with all that is in it.
func (o object) clone() object {
	m, ok := cloneValue(map[string]any(o)).(map[string]any)
	if !ok {
		return object{}
	}
	return m
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = cloneValue(e)
		}
		return m
	case []any:
		s := slices.Clone(v)
		for i, e := range s {
			s[i] = cloneValue(e)
		}
		return s
	}
	return v
}
